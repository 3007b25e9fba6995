"""Reads what the consistency check compares, after a run."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from tests.faults.environment import GROUPS, Environment
from tests.faults.fault_kinds import Damage
from tests.faults.logout_recorder import recorded_logouts
from tests.faults.recording_mailbox import Arrival
from tests.faults.stream_logs import StreamEntry

ExpectedEvent = tuple[str, str]
"""An account's id, which is the event's subject, and the event's type without its prefix."""

_EXPECTED = """
SELECT id, 'account.registered' FROM accounts
UNION ALL SELECT id, 'account.email_verified' FROM accounts WHERE email_verified_at IS NOT NULL
UNION ALL SELECT general_account_id, 'binding.requested' FROM bindings
UNION ALL SELECT general_account_id, 'bind_code.issued' FROM bindings
UNION ALL SELECT general_account_id, 'binding.verified' FROM bindings WHERE verified_at IS NOT NULL
UNION ALL SELECT general_account_id, 'binding.removed' FROM bindings WHERE removed_at IS NOT NULL
"""
_GRANTS = """
SELECT grants.id, grants.ended_at IS NOT NULL,
  CASE WHEN logouts.id IS NOT NULL THEN coalesce(logouts.outcome, 'waiting') END
FROM grants LEFT JOIN logouts ON logouts.grant_id = grants.id
"""
_PREFIX = "tw.port.identity."
_REQUESTED = "verification.requested"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row of the outbox. `type` has no prefix; the mail's fields are None for an event without a mail.

    `mail_at` is the time of the mail's final state, and None while the mail waits.
    """

    event_id: str
    type: str
    subject: str
    created_at: datetime
    mail_state: str | None
    mail_at: datetime | None
    mail_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandledEvent:
    """`sequence` increases with each event of a subject."""

    event_id: str
    subject: str
    sequence: int


@dataclass(frozen=True, slots=True)
class GrantRow:
    """`outcome` is that of the latest attempt to notify the service, `waiting` before the first.

    It is None if no notification was recorded.
    """

    id: str
    has_ended: bool
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the consistency check compares. Accounts, grants and events are named by their ids.

    `expected` contains the events that the rows of accounts and bindings imply.
    `mailboxes` maps an account to its mailbox at the end of the run.
    `refused` contains each mailbox, in lower case, that the mail server refused permanently at least once.
    `link_accounts` maps a general account to every link account that it was ever bound to.
    `handled` contains the events of each consumer group, in the order of handling.
    `receipts` maps an event to the time in Unix milliseconds at which its first receipt was written.
    `streams` contains entries of the streams of events and mails, also most of those that a fault has deleted since.
    `logout_tokens` contains the grant of each logout token that the service received, once for each delivery.
    `ahead_seconds` is how far the clock of a process may have been ahead.
    """

    expected: Counter[ExpectedEvent]
    rows: Sequence[OutboxRow]
    mailboxes: Mapping[str, str]
    link_accounts: Mapping[str, frozenset[str]]
    handled: Mapping[str, Sequence[HandledEvent]]
    arrivals: Sequence[Arrival]
    receipts: Mapping[str, int]
    streams: Mapping[str, Sequence[StreamEntry]]
    refused: frozenset[str]
    grants: Sequence[GrantRow]
    logout_tokens: Sequence[str]
    damage: Damage
    ahead_seconds: float


def gather(environment: Environment, damage: Damage, *, ahead_seconds: float) -> Evidence:
    """Stop the logs of the streams and read all records."""
    for log in environment.streams.values():
        log.stop()
    with environment.engine.connect() as connection:
        expected = Counter((subject, kind) for subject, kind in connection.execute(text(_EXPECTED)))
        expected.update(
            {(subject, _REQUESTED): 1 for subject, kind in list(expected) if kind == "account.registered"}
        )
        mailboxes = {row.id: row.email for row in connection.execute(text("SELECT id, email FROM accounts"))}
        link_accounts = _link_accounts(connection)
        rows = _rows(connection)
        grants = [GrantRow(*row) for row in connection.execute(text(_GRANTS))]
    return Evidence(
        expected=expected,
        rows=rows,
        mailboxes=mailboxes,
        link_accounts=link_accounts,
        handled={group: handled_events(environment.effects_of(group)) for group in GROUPS},
        arrivals=environment.mailbox.arrivals(),
        receipts=environment.receipts.written_at_ms(),
        streams={stream: log.entries() for stream, log in environment.streams.items()},
        refused=frozenset(environment.script.refused),
        grants=grants,
        logout_tokens=recorded_logouts(environment.logout_tokens),
        damage=damage,
        ahead_seconds=ahead_seconds,
    )


def handled_events(path: Path) -> list[HandledEvent]:
    """Return the events that a consumer has handled, in order; none if its file is missing or cannot be read."""
    if not path.exists():
        return []
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return [
            HandledEvent(*row)
            for row in database.execute("SELECT event_id, subject, sequence FROM effects ORDER BY number")
        ]
    except sqlite3.OperationalError:
        return []  # the consumer has not created its table yet, or has locked the file for 10 s
    finally:
        database.close()


def _link_accounts(connection: Connection) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for general, link in connection.execute(text("SELECT general_account_id, link_account_id FROM bindings")):
        found[general].add(link)
    return {general: frozenset(links) for general, links in found.items()}


def _rows(connection: Connection) -> list[OutboxRow]:
    query = text(
        "SELECT event_id, type, subject, created_at, mail_state, mail_at, mail_expires_at FROM outbox ORDER BY id"
    )
    return [
        OutboxRow(event_id, kind.removeprefix(_PREFIX), *rest)
        for event_id, kind, *rest in connection.execute(query)
    ]
