"""The audit log: writing, searching, and the chain over its rows (SEC-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.audit_chain import Anchor, ChainedRow, Segment


class AuditLog(Protocol):
    """A unit of work's log commits its entries with the transaction; `Ports.audit` commits each entry at once."""

    def add(self, entry: Entry) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Criteria of an audit search, combined with AND: rows at or after `since`, with ids below `before`.

    `account` is a username or account id; the caller resolves it for `AuditHistory.find`.
    """

    account: str | None = None
    operator: str | None = None
    action: str | None = None
    since: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditRecord:
    id: int
    entry: Entry
    chained: bool


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail in the outbox: `asked_at` is when its event was recorded, and `at` when `state` was reached.

    `at` is None while the mail waits. `category` is the reason for a refusal.
    """

    type: str
    asked_at: datetime
    state: str
    at: datetime | None
    category: str | None


class AuditHistory(Protocol):
    """Queries for the audit log and for the mails in the outbox."""

    def find(self, criteria: AuditFilter, *, account_id: str | None) -> Sequence[AuditRecord]:
        """Return at most `criteria.limit` matching rows, newest first.

        `account_id` replaces `criteria.account`; rows in which that account acted as a link account match too.
        """

    def mails(self, account_id: str) -> Sequence[MailRecord]:
        """Return the mails of an account that are still in the outbox, oldest first."""

    def begins_at(self) -> datetime | None:
        """Return the time of the oldest row, or None if the log is empty."""


class AuditChain(Protocol):
    """The rows of the log with their segments; each call is a separate transaction."""

    def newest(self) -> Segment | None: ...

    def unchained(self, limit: int) -> Sequence[ChainedRow]:
        """Return rows that are in no segment yet, in order of id."""

    def unchained_count(self) -> int: ...

    def append(self, segment: Segment, rows: Sequence[ChainedRow]) -> None:
        """Store a segment, and the places and hashes of its rows.

        Raises an error of the database if another process has stored a segment with this number.
        """

    def segments(self, *, after: int, limit: int) -> Sequence[Segment]:
        """Return segments with numbers above `after`, in ascending order."""

    def rows(self, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        """Return chained rows with places above `after`, in ascending order; None starts at the lowest place."""

    def drop(self, upto: Segment, entry: Entry) -> None:
        """Delete the rows up to the end of `upto` and all older segments; update `upto` and add the entry."""


class AnchorStore(Protocol):
    """A store for the chain's anchor: the database, or Redis, which the database's users cannot write (SEC-11)."""

    def read(self) -> Anchor | None: ...

    def write(self, anchor: Anchor) -> None: ...
