"""OpenID Connect: introspection, the public documents, redeeming codes."""

import itertools
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from identity.adapters.clock import SystemClock
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.signing_keys import read_signing_keys
from identity.adapters.sql.engine import open_engine
from identity.domain.service_client import digest_of
from sqlalchemy import Engine, text

from tests.bench import load
from tests.bench.environment import Environment
from tests.bench.figures import Figure, Goal, interleaved
from tests.bench.sizes import compared
from tests.support.actors.oauth_clients import REDIRECT_URI, VERIFIER, challenge_of
from tests.support.harness.settings import oidc_keys

CLIENT = "bench"
_SECRET = "a-secret-of-the-benchmarks"
_MILLION = 1_000_000
_BATCH = 50_000
_SECONDS = 2.0
_SLOTS = 7
_CODES_PER_SLOT = 2000
_REGISTER = (
    """
INSERT INTO clients (name, rights, created_at, digest, rotated_at)
VALUES (:client, '["tokens:introspect"]', now(), :digest, now())
""",
    """
INSERT INTO oidc_clients (name, display_name, redirect_uris, post_logout_uris, backchannel_uri, scopes, accepts, auth,
  asks_consent, requires_pkce, may_refresh, requires_dpop, requires_par, id_token_alg, resources, has_jwt_tokens,
  may_reach, updated_at)
VALUES (:client, '系統', '[]', '[]', :backchannel_uri, '["openid", "company"]', '["general"]', 'secret', false, true,
  false, false, false, 'RS256', '[]', false, '[]', now())
""",
)
GRANT = """
INSERT INTO grants (id, client, session_id, holder_id, account_id, binding_id, scopes, resources, claims, amr,
  auth_time, created_at, expires_at)
SELECT :prefix || n, :client, 's', :holder, :account, :binding, '["openid", "company"]', '[]', '{}', '["pwd"]', now(),
  now(), now() + interval '12 hours'
FROM generate_series(1, :count) n
"""
_TOKEN = """
INSERT INTO grant_tokens (digest, kind, grant_id, client, scopes, audience, issued_at, expires_at)
SELECT encode(sha256((:prefix || n)::bytea), 'hex'), 'access', :grant, :client, '["openid", "company"]', :audience,
  now(), now() + interval '1 day'
FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n
"""
_CODE = """
INSERT INTO grant_codes (digest, grant_id, redirect_uri, code_challenge, issued_at, expires_at)
SELECT encode(sha256(('code' || n)::bytea), 'hex'), 'code' || n, :redirect_uri, :challenge, now(),
  now() + interval '1 day'
FROM generate_series(1, :count) n
"""
_MEMBER = "1".rjust(36, "0")
_OWN = {"holder": _MEMBER, "account": _MEMBER, "binding": None, "client": CLIENT}


def register(engine: Engine, client: str = CLIENT, backchannel_uri: str | None = None) -> None:
    """Add a client that authenticates by a secret."""
    values = {"client": client, "digest": digest_of(client + _SECRET), "backchannel_uri": backchannel_uri}
    with engine.begin() as connection:
        for statement in _REGISTER:
            connection.execute(text(statement), values)


def introspection(stand: Environment) -> Iterator[Figure]:
    """POST /oauth/introspect by one client against a bare route; then with a million tokens."""
    bare = load.Request(url=f"{stand.baseline.api}/session")
    few, many = stand.database(200), stand.database(200)
    for url, tokens in ((few, 1), (many, _MILLION)):
        _fill(url, tokens)
    with stand.serving(few) as web, stand.serving(many) as full:
        asked = _introspection(web.root)
        pair = interleaved(
            lambda: load.run(bare, clients=1, seconds=_SECONDS).per_second,
            lambda: load.run(asked, clients=1, seconds=_SECONDS).per_second,
            slots=_SLOTS,
        )
        yield Figure(
            name="introspections a second, of a bare route",
            measured=pair.ratio,
            goal=Goal("least", 0.30),
            parts={"bare /s": pair.limit, "product /s": pair.median},
        )
        yield compared(
            "introspection, 1,000,000 tokens, of one token's",
            web.root,
            full.root,
            _introspection,
            called=("one", "1,000,000"),
            at_most=1.1,
        )


def documents(stand: Environment) -> Iterator[Figure]:
    """The provider's metadata and keys by one client against a bare route."""
    bare = load.Request(url=f"{stand.baseline.api}/session")
    for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
        asked = load.Request(url=stand.web.root + path)
        pair = interleaved(
            lambda: load.run(bare, clients=1, seconds=_SECONDS).per_second,
            lambda asked=asked: load.run(asked, clients=1, seconds=_SECONDS).per_second,  # type: ignore[misc]
            slots=_SLOTS,
        )
        parts: dict[str, float | str] = {"bare /s": pair.limit, "product /s": pair.median}
        yield Figure(name=f"GET {path}", measured=pair.ratio, goal=Goal("least", 0.9), parts=parts)


def codes(stand: Environment) -> Iterator[Figure]:
    """Codes to tokens by one client against one RS256 signature and one transaction of four statements."""
    database = stand.database(200)
    engine = open_engine(database)
    register(engine)
    count = (_SLOTS + 1) * _CODES_PER_SLOT
    with engine.begin() as connection:
        connection.execute(text(GRANT), {**_OWN, "prefix": "code", "count": count})
        values = {"redirect_uri": REDIRECT_URI, "challenge": challenge_of(VERIFIER), "count": count}
        connection.execute(text(_CODE), values)
    numbers = itertools.count(1)
    with stand.serving(database) as web:
        pair = interleaved(
            _signing_and_writing(engine),
            lambda: load.run(_redemptions(web.root, numbers), clients=1, seconds=_SECONDS).per_second,
            slots=_SLOTS,
        )
    engine.dispose()
    yield Figure(
        name="codes redeemed a second, of one signature and one transaction",
        measured=pair.ratio,
        goal=Goal("least", 0.5),
        parts={"limit /s": pair.limit, "product /s": pair.median},
    )


def _fill(url: str, tokens: int) -> None:
    engine = open_engine(url)
    register(engine)
    with engine.begin() as connection:
        connection.execute(text(GRANT), {**_OWN, "prefix": "grant", "count": 1})
    values = {"prefix": "token", "grant": "grant1", "client": CLIENT, "audience": f'["{CLIENT}"]'}
    for first in range(1, tokens + 1, _BATCH):
        with engine.begin() as connection:
            last = min(first + _BATCH - 1, tokens)
            connection.execute(text(_TOKEN), {**values, "first": first, "last": last})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _introspection(root: str) -> load.Request:
    return _form(f"{root}/oauth/introspect", ["token=token1"])


def _redemptions(root: str, numbers: Iterator[int]) -> load.Request:
    shared = urlencode(
        {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    )
    each = itertools.islice(numbers, _CODES_PER_SLOT)
    return _form(f"{root}/oauth/token", [f"{shared}&code=code{n}" for n in each])


def _form(url: str, bodies: list[str]) -> load.Request:
    credentials = b64encode(f"{CLIENT}:{CLIENT}{_SECRET}".encode()).decode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"Basic {credentials}",
    }
    return load.Request(url=url, method="POST", headers=headers, bodies=bodies)


def _signing_and_writing(engine: Engine) -> Callable[[], float]:
    """Return what measures the limit: it repeats a signature and a transaction for a while."""
    signer = JoseSigner(read_signing_keys(oidc_keys()), SystemClock())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (id serial PRIMARY KEY, value text)"))

    def per_second() -> float:
        began, done = time.perf_counter(), 0
        while (spent := time.perf_counter() - began) < _SECONDS:
            signer.sign({"sub": _MEMBER, "aud": CLIENT}, token_type="JWT", algorithm="RS256")
            with engine.begin() as connection:
                inserted = text("INSERT INTO scratch (value) VALUES ('x') RETURNING id")
                number = {"number": connection.scalar(inserted)}
                connection.execute(text("SELECT value FROM scratch WHERE id = :number"), number)
                connection.execute(text("UPDATE scratch SET value = 'y' WHERE id = :number"), number)
                connection.execute(text("INSERT INTO scratch (value) VALUES ('z')"))
            done += 1
        return done / spent

    return per_second
