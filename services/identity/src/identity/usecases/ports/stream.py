"""Redis as used by the relay: the streams of events and mails, their checkpoint, and the mailer's receipts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from identity.usecases.ports.outbox import PositionedEvent, Receipt


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The position up to which relays have published, as read from Redis.

    `position` is None if Redis has no checkpoint or has lost the event stream. `epoch` identifies the database that
    assigned the positions. `high_watermark` is the newest position that this process has read from Redis or published.
    `stored` is the checkpoint in Redis even if the event stream is lost; a different value shows that another process
    changed it.
    """

    epoch: str
    position: int | None
    high_watermark: int = 0
    stored: int | None = None


class ConcurrentPublish(Exception):  # noqa: N818  # named after the condition
    """Another relay may have published since the checkpoint was read. The next round reads the checkpoint again."""


class Stream(Protocol):
    def checkpoint(self, epoch: str) -> Checkpoint: ...

    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        """Append the entries in order and set the checkpoint to `position`, atomically. Raises ConcurrentPublish.

        Every entry is appended to the event stream, without its sealed part. An entry with a sealed part is also
        appended to the stream of mails, with that part.
        """

    def copy_mails(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        """Copy mails that relays of the previous release left on the event stream to the stream of mails.

        `choose` selects, by event id, the mails to copy. Returns the number of copied mails. Raises ConcurrentPublish.
        """

    def trim(self, retention: timedelta) -> int:
        """Delete entries older than `retention`, except mails that the mailer has not handled; return their number."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids; those that were read but not acknowledged come first.

        Waits for new receipts for at most `block_ms`.
        """

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Acknowledge receipts that are stored in the database."""


class MailerProgress(Protocol):
    """The mailer's progress in the stream of mails."""

    def unhandled_from(self, epoch: str) -> int | None:
        """Return the position below which the mailer has handled every mail.

        Returns None if Redis does not show the position.
        """

    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        """Return the ids of those events that are in the stream and that the mailer may not have handled."""

    def has_receipts(self) -> bool:
        """Return whether any receipt is not acknowledged."""
