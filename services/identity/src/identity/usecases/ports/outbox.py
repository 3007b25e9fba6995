"""The outbox from both sides: use cases write, the relay publishes (EVT-2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A new event; `ce` is its CloudEvent in JSON, `sealed` the mail payload for the mailer alone."""

    event_id: str
    type: str
    subject: str
    ce: str
    created_at: datetime
    sealed: str | None = None
    mail_expires_at: datetime | None = None


class Outbox(Protocol):
    """Events that are published if and only if the transaction commits."""

    def add(self, entry: OutboxEntry) -> None:
        """Add an event to the transaction."""


@dataclass(frozen=True, slots=True)
class PositionedEvent:
    """An outbox row with its position in the feed."""

    position: int
    type: str
    ce: str
    sealed: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The mailer's report on a mail; `state` is sent, refused or expired, `category` why it was refused."""

    event_id: str
    state: str
    at: datetime
    category: str


class OutboxReader(Protocol):
    """The relay's side of the outbox; each call is a transaction of its own."""

    def epoch(self) -> str:
        """Return the identifier of this database, created by the first call."""

    def newest_position(self, *, refresh: bool = False) -> int:
        """Return the newest position, 0 before the first; from memory unless `refresh`."""

    def forget_position(self) -> None:
        """Read the newest position from the table next time: another relay may have published."""

    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        """Assign positions to the next events in the order they were written, and return them.

        The first position follows the newest one, or `beyond` if that is higher.
        """

    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        """Return events with positions above `after`, in order; `since` skips those positioned before it."""

    def unsent_mails(self, event_ids: Collection[str]) -> Collection[str]:
        """Return those of the events whose mails may still be sent: waiting, or refused and a dead letter."""

    def record_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Store the states of mails and delete their sealed payloads; a final state does not change again."""

    def expire_mails(self, now: datetime) -> int:
        """Delete sealed payloads past their expiry; return how many."""


class WaitingMails(Protocol):
    """The mails of the outbox without a receipt."""

    def epoch(self) -> str:
        """Return the identifier of this database."""

    def waiting_mails(self, *, before: int, published_before: datetime, limit: int) -> Sequence[str]:
        """Return ids of events below a position whose mails have no receipt, oldest first."""

    def record_lost_mails(self, event_ids: Collection[str], now: datetime) -> int:
        """Refuse the mails that still have no receipt, with the category `lost`; return how many."""
