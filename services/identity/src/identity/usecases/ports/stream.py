"""Redis as used by the relay: the streams of events and mails, their checkpoint, and the mailer's receipts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from identity.usecases.ports.outbox import PositionedEvent, Receipt


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest position in the streams, or None if Redis has no checkpoint or has lost the event stream.

    `epoch` identifies the database that assigned the positions. `high_watermark` is the newest position that this
    process has seen in Redis. `stored` is the stored value, used to detect changes by another process.
    """

    epoch: str
    position: int | None
    high_watermark: int = 0
    stored: int | None = None


class ConcurrentPublish(Exception):  # noqa: N818  # named after the condition
    """Another relay published, or the checkpoint is not the expected one. The next round reads both again."""


class Stream(Protocol):
    """The streams of events and mails, and the receipts."""

    def checkpoint(self, epoch: str) -> Checkpoint:
        """Return the checkpoint of this database."""

    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        """Append the entries in order and set the checkpoint to `position`, atomically. Raises ConcurrentPublish.

        An entry with a sealed part is appended to the stream of mails, and without that part to the event stream.
        """

    def copy_mails(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        """Copy mails that relays of the previous release left on the event stream to the stream of mails.

        `choose` selects from event ids. Returns the number of copied mails. Raises ConcurrentPublish.
        """

    def trim(self, retention: timedelta) -> int:
        """Delete entries older than `retention`, except mails that the mailer has not handled; return their number."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids; wait at most `block_ms` for the first receipt."""

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Acknowledge receipts that are stored in the database."""


class MailerProgress(Protocol):
    """The mailer's progress in the stream of mails."""

    def unhandled_from(self, epoch: str) -> int | None:
        """Return the position of the first mail that the mailer has not handled, or of the next event to be published.

        Returns None if the stream does not show the position.
        """

    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        """Return the events that are in the stream and that the mailer may not have handled yet."""

    def has_receipts(self) -> bool:
        """Return whether any receipts are not acknowledged."""
