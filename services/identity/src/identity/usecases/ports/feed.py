"""Queries for the outbox and for the state that its events describe (EVT-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Kind, Status


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event with its position in the feed; `ce` is its CloudEvent in JSON."""

    position: int
    ce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """An account in the snapshot, with the data that its events disclose; `sequence` is that of its newest event."""

    id: str
    kind: Kind
    username: str
    status: Status
    tax_id: str
    company_name: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingState:
    """A live binding in the snapshot; the general account is the subject of its events."""

    id: str
    link_account_id: str
    general_account_id: str
    status: str
    requested_at: datetime
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRecord:
    """An outbox row without its sealed payload.

    `position` and `published_at` are None until the relay assigns the position. `mail_state` is None without a mail.
    """

    position: int | None
    event_id: str
    type: str
    subject: str
    created_at: datetime
    published_at: datetime | None
    mail_state: str | None
    mail_at: datetime | None
    mail_category: str | None
    ce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStats:
    """`oldest` and `newest` are positions: None and 0 in an outbox without positions.

    `pending` counts the events without a position, `mails_waiting` the mails whose sealed payload is still stored.
    """

    oldest: int | None
    newest: int
    pending: int
    pending_since: datetime | None
    mails_waiting: int


class Feed(Protocol):
    """Queries outside a unit of work."""

    def newest(self) -> int:
        """Return the newest position, or 0."""

    def after(self, position: int, limit: int) -> Sequence[FeedEvent]:
        """Return at most `limit` events with positions above `position`, in order."""

    def accounts(self, after_id: str, limit: int) -> Sequence[AccountState]:
        """Return at most `limit` accounts that are not closed, in order of id, with ids above `after_id`."""

    def bindings(self, general_ids: Sequence[str]) -> Sequence[BindingState]:
        """Return the live bindings of these general accounts."""

    def records(
        self, *, after: int, limit: int, type_name: str | None, subject: str | None
    ) -> Sequence[OutboxRecord]:
        """Return rows with positions above `after`, in order; optionally of one type or one account (`subject`)."""

    def record(self, event_id: str) -> OutboxRecord | None:
        """Return a row, even if it has no position yet."""

    def stats(self) -> OutboxStats: ...
