"""What other services and operators read of the outbox and of the state it tells of, as plain values (EVT-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Kind, Status


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """A published event in the feed; `ce` is its CloudEvent in JSON."""

    position: int
    ce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """An account as the snapshot tells it: no more than its events do. `sequence` is its newest event's."""

    id: str
    kind: Kind
    username: str
    status: Status
    tax_id: str
    company_name: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingState:
    """A live binding as the snapshot tells it; its events are the general account's."""

    id: str
    link_account_id: str
    general_account_id: str
    status: str
    requested_at: datetime
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRecord:
    """An outbox row as operators see it, without its sealed part; `position` is None until it has one."""

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
    """How the outbox stands: positions from `oldest` to `newest`, `pending` without one, mails still to send."""

    oldest: int | None
    newest: int
    pending: int
    pending_since: datetime | None
    mails_waiting: int


class Feed(Protocol):
    """Reads without a transaction."""

    def newest(self) -> int:
        """Return the newest position given, 0 before the first."""

    def after(self, position: int, limit: int) -> Sequence[FeedEvent]:
        """Return what follows a position, in order."""

    def accounts(self, after_id: str, limit: int) -> Sequence[AccountState]:
        """Return accounts that are not closed, in the order of their ids."""

    def bindings(self, general_ids: Sequence[str]) -> Sequence[BindingState]:
        """Return the live bindings of these general accounts."""

    def records(
        self, *, after: int, limit: int, type_name: str | None, subject: str | None
    ) -> Sequence[OutboxRecord]:
        """Return rows that have a position, in order; of one type or account where that is asked for."""

    def record(self, event_id: str) -> OutboxRecord | None:
        """Return one row."""

    def stats(self) -> OutboxStats:
        """Return how the outbox stands."""
