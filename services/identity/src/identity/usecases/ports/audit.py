"""The audit log: writing, searching, and the chain over its rows (SEC-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.audit_chain import Anchor, ChainedRow, Segment


class AuditLog(Protocol):
    """The audit log. A unit of work writes entries in its transaction; `Ports.audit` writes each in its own."""

    def add(self, entry: Entry) -> None:
        """Write an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Criteria of an audit search, combined with AND; `before` is the id of a row."""

    account: str | None = None
    operator: str | None = None
    action: str | None = None
    since: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A row of the audit log; `chained` is true if the row is in the chain."""

    id: int
    entry: Entry
    chained: bool


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A requested mail and its last known state."""

    type: str
    asked_at: datetime
    state: str | None
    at: datetime | None
    category: str | None


class AuditHistory(Protocol):
    """Queries for the audit log and for the mails in the outbox."""

    def find(self, criteria: AuditFilter, *, account_id: str | None) -> Sequence[AuditRecord]:
        """Return matching rows of the audit log, newest first."""

    def mails(self, account_id: str) -> Sequence[MailRecord]:
        """Return the mails of an account that are still in the outbox, oldest first."""

    def begins_at(self) -> datetime | None:
        """Return the time of the oldest row of the audit log."""


class AuditChain(Protocol):
    """The rows of the log with their segments; each call is a separate transaction."""

    def newest(self) -> Segment | None:
        """Return the newest segment."""

    def unchained(self, limit: int) -> Sequence[ChainedRow]:
        """Return rows that are in no segment yet, in the order in which they were written."""

    def unchained_count(self) -> int:
        """Return the number of rows that are in no segment yet."""

    def append(self, segment: Segment, rows: Sequence[ChainedRow]) -> None:
        """Store a segment with the places and hashes of its rows. Fails if the segment's number exists."""

    def segments(self, *, after: int, limit: int) -> Sequence[Segment]:
        """Return segments with numbers above `after`, in order."""

    def rows(self, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        """Return chained rows with places above `after`, in order; None starts at the lowest place."""

    def drop(self, upto: Segment, entry: Entry) -> None:
        """Delete the rows up to the end of `upto` and all older segments; store `upto` and the entry."""


class AnchorStore(Protocol):
    """A store for the chain's anchor: the database, or Redis, which the database's users cannot write (SEC-11)."""

    def read(self) -> Anchor | None:
        """Return the recorded anchor."""

    def write(self, anchor: Anchor) -> None:
        """Replace the recorded anchor."""
