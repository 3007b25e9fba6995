"""The outbox: use cases write events, and the relay publishes them (EVT-2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from port_events.envelope import Event


class Outbox(Protocol):
    """Events that are published if and only if the transaction commits."""

    def add(self, event: Event, *, sealed: str | None, mail_expires_at: datetime | None) -> None:
        """Add a new event. `sealed` is the payload of its mail, which only the mailer can decrypt."""


@dataclass(frozen=True, slots=True)
class PositionedEvent:
    """An outbox row with its position in the feed.

    `sealed` is None without a mail, and after the mail was sent, refused or expired.
    """

    position: int
    type: str
    ce: str
    sealed: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The mailer's report on a mail; a malformed report has an empty `event_id`, which matches no mail.

    `state` is sent, refused or expired, and `category` is the reason for a refusal.
    """

    event_id: str
    state: str
    at: datetime
    category: str


class OutboxReader(Protocol):
    """The outbox as used by the relay; each call is a separate transaction."""

    def epoch(self) -> str:
        """Return the identifier of this database, created by the first call."""

    def newest_position(self) -> int:
        """Return the newest position, or 0; cached until `forget_position`."""

    def forget_position(self) -> None:
        """Clear the cached newest position, because another relay may have assigned positions."""

    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        """Assign positions to the next events, in the order in which they were written, and return the events.

        The first position follows the newest position or `beyond`, whichever is higher. `now` is recorded as the time
        of publication.
        """

    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        """Return at most `limit` events with positions above `after`, in order.

        Events whose position was assigned before `since` are excluded.
        """

    def unsent_mails(self, event_ids: Collection[str]) -> Collection[str]:
        """Return the ids of those events whose mail is waiting or refused. An operator may retry a refused mail."""

    def record_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Store the states of mails and delete their sealed payloads.

        A sent mail never changes again. A refused or expired mail changes only to sent, for example after an operator's
        retry.
        """

    def expire_mails(self, now: datetime) -> int:
        """Mark expired mails and delete their sealed payloads; return their number."""


class WaitingMails(Protocol):
    """The mails in the outbox whose state is waiting."""

    def epoch(self) -> str:
        """Return the identifier of this database."""

    def waiting_mails(self, *, before: int, published_before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of events whose mails are waiting, in order of position.

        Their positions are below `before`, and they were published at or before `published_before`.
        """

    def record_lost_mails(self, event_ids: Collection[str], now: datetime) -> int:
        """Mark those mails that are still waiting as refused, with the category `lost`; return their number."""
