"""The relay's side of Redis: the event stream with its checkpoint, and the mailer's receipts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from identity.usecases.ports.outbox import PositionedEvent, Receipt


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest position in the stream: None when Redis has no checkpoint, or has lost the stream.

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
    """The event stream and the receipts."""

    def checkpoint(self, epoch: str) -> Checkpoint:
        """Return the checkpoint of this database."""

    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        """Append the entries in order and move the checkpoint to `position`. Raises ConcurrentPublish."""

    def trim(self, retention: timedelta) -> int:
        """Delete entries older than `retention`, but none that the mailer has not handled; return how many."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids; wait at most `block_ms` for one."""

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Acknowledge receipts that are stored in the database."""


class MailerProgress(Protocol):
    """What the stream tells of the mailer's progress."""

    def unhandled_from(self, epoch: str) -> int | None:
        """Return the position of the first event that the mailer has not handled, or the next one to be published.

        None if the stream cannot tell.
        """

    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        """Return those of the events that are in the stream and that the mailer may not have handled."""

    def has_receipts(self) -> bool:
        """Return whether there are receipts that are not acknowledged."""
