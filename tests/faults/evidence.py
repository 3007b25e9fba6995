"""What is on record after a run: in the database, in the foreign services' files, at the mail server, in Redis."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from tests.faults.faults import Damage
from tests.faults.postbag import Arrival
from tests.faults.stage import GROUPS, Stage

Fact = tuple[str, str]
"""A subject and the short type of an event that its state must have."""

_FACTS = """
SELECT id, 'account.registered' FROM accounts
UNION ALL SELECT id, 'account.email_verified' FROM accounts WHERE email_verified_at IS NOT NULL
UNION ALL SELECT general_account_id, 'binding.requested' FROM bindings
UNION ALL SELECT general_account_id, 'bind_code.issued' FROM bindings
UNION ALL SELECT general_account_id, 'binding.verified' FROM bindings WHERE verified_at IS NOT NULL
UNION ALL SELECT general_account_id, 'binding.removed' FROM bindings WHERE removed_at IS NOT NULL
"""
_PREFIX = "tw.port.identity."
_REQUESTED = "verification.requested"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox."""

    event_id: str
    type: str
    subject: str
    created_at: datetime
    mail_state: str | None
    mail_at: datetime | None
    mail_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as a foreign service handled it, in its order."""

    event_id: str
    subject: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that the reckoning compares. Instants are time.time().

    `partners` are the link accounts that a general account was ever bound to: they are told of a binding's end too.
    `receipts` came in those whole milliseconds, as the ids of Redis' stream have them.
    """

    facts: Counter[Fact]
    rows: Sequence[Row]
    mailboxes: Mapping[str, str]
    partners: Mapping[str, frozenset[str]]
    seen: Mapping[str, Sequence[Seen]]
    arrivals: Sequence[Arrival]
    receipts: Mapping[str, int]
    refused: frozenset[str]
    damage: Damage
    ahead_seconds: float


def gather(stage: Stage, damage: Damage, *, ahead_seconds: float) -> Evidence:
    """Read all of it, when nothing is under way any more."""
    with stage.engine.connect() as connection:
        facts = Counter((subject, kind) for subject, kind in connection.execute(text(_FACTS)))
        facts.update(
            {(subject, _REQUESTED): 1 for subject, kind in list(facts) if kind == "account.registered"}
        )
        mailboxes = {row.id: row.email for row in connection.execute(text("SELECT id, email FROM accounts"))}
        partners = _partners(connection)
        rows = _rows(connection)
    return Evidence(
        facts=facts,
        rows=rows,
        mailboxes=mailboxes,
        partners=partners,
        seen={group: seen_by(stage.effects_of(group)) for group in GROUPS},
        arrivals=stage.postbag.arrivals(),
        receipts=stage.watch.given(),
        refused=frozenset(stage.script.refused),
        damage=damage,
        ahead_seconds=ahead_seconds,
    )


def seen_by(path: Path) -> list[Seen]:
    """Return what a foreign service has handled, oldest first."""
    if not path.exists():
        return []
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return [
            Seen(*row)
            for row in database.execute("SELECT event_id, subject, sequence FROM effects ORDER BY place")
        ]
    except sqlite3.OperationalError:
        return []  # it has just begun
    finally:
        database.close()


def _partners(connection: Connection) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for general, link in connection.execute(text("SELECT general_account_id, link_account_id FROM bindings")):
        found[general].add(link)
    return {general: frozenset(links) for general, links in found.items()}


def _rows(connection: Connection) -> list[Row]:
    query = text(
        "SELECT event_id, type, subject, created_at, mail_state, mail_at, mail_expires_at FROM outbox ORDER BY id"
    )
    return [
        Row(event_id, kind.removeprefix(_PREFIX), *rest)
        for event_id, kind, *rest in connection.execute(query)
    ]
