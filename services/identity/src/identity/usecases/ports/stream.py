"""The relay's side of Redis: the streams of events and mails with their checkpoint, and the mailer's receipts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from identity.usecases.ports.outbox import PositionedEvent, Receipt


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest position in the streams: None when Redis has no checkpoint, or has lost the event stream.

    `epoch` identifies the database that assigned the positions. `high_watermark` is the newest position that this
    process has seen in Redis. `stored` is the stored value, to detect that another process has changed it.
    """

    epoch: str
    position: int | None
    high_watermark: int = 0
    stored: int | None = None


class ConcurrentPublish(Exception):  # noqa: N818  # named for what happened
    """Another relay published, or the checkpoint is not the expected one; the next round reads both again."""


class Stream(Protocol):
    """The streams of events and mails, and the receipts."""

    def checkpoint(self, epoch: str) -> Checkpoint:
        """Return the checkpoint of this database."""

    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        """Append the entries in order and move the checkpoint to `position`, all or nothing. Raises ConcurrentPublish.

        An entry with a sealed part is appended to the stream of mails, and without that part to the event stream.
        """

    def copy_mails(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        """Copy mails to the stream of mails that relays of the previous release left on the event stream.

        `choose` selects from event ids. Returns how many were copied. Raises ConcurrentPublish.
        """

    def trim(self, retention: timedelta) -> int:
        """Delete entries older than `retention`, but no mail that the mailer has not handled; return how many."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids; wait at most `block_ms` for one."""

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Acknowledge receipts that are stored in the database."""


class MailerProgress(Protocol):
    """The mailer's progress as seen in the stream of mails."""

    def unhandled_from(self, epoch: str) -> int | None:
        """Return the position of the first mail that the mailer has not handled, or of the next event to be published.

        None if the stream cannot tell.
        """

    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        """Return those of the events that are in the stream and that the mailer may not have handled."""

    def has_receipts(self) -> bool:
        """Return whether there are receipts that are not acknowledged."""
