"""Inserts many accounts with one known password, and their events, directly into the tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from identity.adapters.consent_texts import SAMPLES, read_texts
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from sqlalchemy import Connection, Engine, create_engine, text

from tests.support.actors.people import PASSWORD

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
"""The defaults of the measured servers (SEC-1); with other parameters each first login would rehash."""

_ACCOUNTS = """
INSERT INTO accounts (id, kind, username, username_key, name, mobile, email, mailbox_key, tax_id, company_phone,
  company_name, company_address, password_hash, former_hashes, credential_version, review, created_at,
  email_verified_at, revision, sequence)
SELECT lpad(n::text, 36, '0'), 'general', 'Member' || n, 'member' || n, '錢大明', '+886912345678',
  'member' || n || '@example.com', 'general:04595257:member' || n || '@example.com', '04595257', '02-12345678',
  '錢大明股份有限公司', '804004高雄市鼓山區蓬萊路10號', :hash, '[]', 1, 'none', now() - interval '30 days',
  now() - interval '29 days', 1, 2
FROM generate_series(1, :count) AS n
"""
_EVENTS = """
INSERT INTO outbox (event_id, type, subject, ce, created_at, position, published_at)
SELECT lpad(n::text, 36, 'e'), 'tw.port.identity.account.registered', lpad(n::text, 36, '0'), repeat('x', 400), now(),
  n, now()
FROM generate_series(1, :count) AS n
"""
_CONSENTS = """
INSERT INTO consents (account_id, document, version, accepted_at, address)
SELECT id, :document, :version, created_at, '127.0.0.1' FROM accounts WHERE id <= lpad(CAST(:used AS text), 36, '0')
"""
# Each of the `used` accounts also gets a counter and a used mail link, the first tenth of them a session.
_HISTORY = (
    """
INSERT INTO sessions (id, token_digest, holder_id, account_id, consents, created_at, seen_at, expires_at, address,
  user_agent)
SELECT lpad(n::text, 36, '0'), md5(n::text) || md5('s' || n), lpad(n::text, 36, '0'), lpad(n::text, 36, '0'), '',
  now(), now(), now() + interval '12 hours', '127.0.0.1', 'bench'
FROM generate_series(1, :used / 10) AS n
""",
    """
INSERT INTO counters (key, times, expires_at)
SELECT 'mailbox.day:' || md5('claims') || ':' || md5(n::text), 1, now() + interval '1 day'
FROM generate_series(1, :used) AS n
""",
    """
INSERT INTO mail_links (account_id, purpose, value, email, issued_at, used_at)
SELECT id, 'registration', md5(id), email, created_at, created_at
FROM accounts WHERE id <= lpad(CAST(:used AS text), 36, '0')
""",
)


def populate(database_url: str, count: int, *, used: int | None = None) -> None:
    """Migrate the database and insert verified accounts `Member1` …, each with an event.

    The first `used` accounts, by default all, also get consents, counters and mail links, a tenth of them sessions. The
    other accounts have to consent at their first login.
    """
    used = count if used is None else used
    with bulk_engine(database_url) as engine:
        migrate(engine)
        with engine.begin() as connection:
            _insert(connection, count, used=used)


def _insert(connection: Connection, count: int, *, used: int) -> None:
    connection.execute(text(_ACCOUNTS), {"hash": HASHER.hash(PASSWORD), "count": count})
    connection.execute(text(_EVENTS), {"count": count})
    for one in read_texts(SAMPLES).texts:
        values = {"document": one.document, "version": one.version, "used": used}
        connection.execute(text(_CONSENTS), values)
    for statement in _HISTORY:
        connection.execute(text(statement), {"used": used})


@contextmanager
def bulk_engine(database_url: str) -> Iterator[Engine]:
    """Yield an engine without the product's time limit for statements; after the with block, VACUUM ANALYZE."""
    engine = create_engine(database_url)
    yield engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def stored_hash(database_url: str) -> str:
    """Return the password hash of the newest account."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT password_hash FROM accounts ORDER BY created_at DESC LIMIT 1"))
    engine.dispose()
    return str(found)
