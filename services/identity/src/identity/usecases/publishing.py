"""Outbox to stream, receipts back: the relay's rounds (EVT-2).

An event gets its position in the database, once and for good, before it is published. Redis keeps a mark beside the
stream: the position of the newest event that it holds. Mark and events change in one transaction, and only where the
mark still is what was read. So whether a process died between database and Redis, or Redis was wiped, lost its last
second in a crash, was restored from an older copy: the mark shows how far it really has got, the table what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

_log = structlog.get_logger("identity.relay")

BATCH = 1000


@dataclass(frozen=True, slots=True)
class PositionedEvent:
    """An outbox row with its place in the feed."""

    position: int
    type: str
    ce: str
    sealed: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the stream has got: the newest position that Redis holds, None where it holds no mark or no stream.

    `epoch` names the database whose positions these are; `farthest` is what this process knows Redis to have held;
    `noted` is the mark's own value, to know it by.
    """

    epoch: str
    position: int | None
    high_watermark: int = 0
    stored: int | None = None


class Receipt(Protocol):
    """What became of a mail, as the mailer tells it."""

    @property
    def event_id(self) -> str:
        """The mail's event."""

    @property
    def state(self) -> str:
        """sent, refused or expired."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def category(self) -> str:
        """Of a refusal why, in one word."""


class OutboxReader(Protocol):
    """The relay's side of the outbox; each call is a transaction of its own."""

    def epoch(self) -> str:
        """Return the name of this database, made at the first call."""

    def newest_position(self, *, refresh: bool = False) -> int:
        """Return the newest position given, 0 before the first; as remembered, unless `anew`."""

    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        """Give the next events their positions, in the order they were written, and return them.

        Positions go on after the newest one, and after `beyond`.
        """

    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        """Return events that have their positions, in order; of those given since then, where that is said."""

    def record_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Note what became of mails, forward only, and forget their sealed part."""

    def expire_mails(self, now: datetime) -> int:
        """Forget sealed parts past their time; return how many."""


class Stream(Protocol):
    """The relay's side of Redis."""

    def checkpoint(self, epoch: str) -> Checkpoint:
        """Return how far the stream has got."""

    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        """Append the entries in order and move the checkpoint to `position`. Raises ConcurrentPublish."""

    def trim(self, kept: timedelta) -> int:
        """Drop entries older than `kept`, never one that the mailer has still to handle; return how many."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids, waiting at most `block_ms`."""

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Note that the receipts are in the database."""


class ConcurrentPublish(Exception):  # noqa: N818  # named for what it tells
    """Another relay went on meanwhile, or the stream's mark is not what was seen. The next round looks anew."""


def publish(outbox: OutboxReader, stream: Stream, now: datetime, *, kept: timedelta) -> int:
    """Publish the next events in the order they were committed; return how many. Raises ConcurrentPublish.

    What has its position but is not in Redis comes first. A wiped Redis gets the last `kept` of it.
    """
    mark = stream.checkpoint(outbox.epoch())
    held, reached = mark.position or 0, outbox.newest_position()
    if held < reached:
        # Of a wiped stream only what it would still hold; of one that is merely behind all, or consumers had a gap.
        since = now - kept if mark.position is None else None
        entries = outbox.positioned(after=held, since=since, limit=BATCH)
        if entries:
            return _catch_up(stream, mark, entries, newest=reached)
    if held > reached:
        reached = outbox.newest_position(refresh=True)
    rewound = held > reached
    # Lost positions are not given again, and one is left out: whoever has read so far is told to begin anew.
    beyond = held + 1 if rewound else held
    entries = outbox.assign_positions(now, beyond=beyond, limit=BATCH)
    if entries:
        if entries[0].position != max(reached, beyond) + 1:
            # Another gave places since we looked, and may not have published them: they are not to be passed over.
            raise ConcurrentPublish
        stream.publish(entries, expected=mark, position=entries[-1].position)
    if entries and rewound:
        _log.warning("the database is older than the stream: restored from a copy?", stream=held)
    return len(entries)


def _catch_up(stream: Stream, mark: Checkpoint, entries: Sequence[PositionedEvent], *, newest: int) -> int:
    """Publish a batch of what Redis does not hold; mails with a receipt have no sealed part any more (MAIL-3)."""
    stream.publish(entries, expected=mark, position=entries[-1].position)
    held = mark.position or 0
    if mark.position is None or held < mark.high_watermark or newest - held > BATCH:
        _log.warning("published again what Redis no longer held", after=mark.position, events=len(entries))
    else:  # at most the one batch that a process or Redis left between database and stream
        _log.info("published what had not arrived in Redis", after=held, events=len(entries))
    return len(entries)


def record_receipts(outbox: OutboxReader, stream: Stream, *, block_ms: int) -> int:
    """Note what became of mails (VER-6), and forget their sealed part (SEC-9); return how many."""
    receipts = stream.receipts(block_ms=block_ms)
    if receipts:
        outbox.record_receipts([receipt for _, receipt in receipts])
        stream.acknowledge([entry_id for entry_id, _ in receipts])
    return len(receipts)
