"""Outbox to stream, receipts back: the relay's rounds (EVT-2).

Redis keeps a mark beside the stream: the position of the newest event that it holds. Mark and events change in one
transaction, and only where the mark still is what was read. So a Redis that was wiped, that lost its last second in
a crash, or that was restored from an older copy shows how far it really has got, and two relays cannot publish at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

_log = structlog.get_logger("identity.relay")

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Pending:
    """An outbox row as the relay sees it; `position` is its place in the feed, once it has one."""

    id: int
    type: str
    ce: str
    sealed: str | None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the stream has got: the newest position that Redis holds, None where it holds no mark.

    `epoch` names the database whose positions these are.
    """

    epoch: str
    position: int | None


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

    def position(self) -> int:
        """Return the newest position given, 0 before the first."""

    def pending(self, limit: int) -> Sequence[Pending]:
        """Return the next unpublished events, in the order of their commits."""

    def published(self, *, after: int, since: datetime, limit: int) -> Sequence[Pending]:
        """Return events published already, in the order of their positions."""

    def mark_published(self, ids: Sequence[int], now: datetime) -> None:
        """Give each its position in the feed."""

    def note_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Note what became of mails, forward only, and forget their sealed part."""

    def expire_mails(self, now: datetime) -> int:
        """Forget sealed parts past their time; return how many."""


class Stream(Protocol):
    """The relay's side of Redis."""

    def mark(self, epoch: str) -> Mark:
        """Return how far the stream has got."""

    def publish(self, entries: Sequence[Pending], *, seen: Mark, reached: int) -> None:
        """Append the entries, in order, and move the mark on. Raises Overtaken where it is no longer what was seen."""

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        """Return the next receipts with their entry ids, waiting at most `block_ms`."""

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Note that the receipts are in the database."""


class Overtaken(Exception):  # noqa: N818  # named for what it tells
    """Somebody changed the stream's mark meanwhile: another relay, or a wipe. The next round looks anew."""


def publish(outbox: OutboxReader, stream: Stream, now: datetime, *, kept: timedelta) -> int:
    """Publish the next events in the order they were committed; return how many.

    What Redis has lost of the last `kept` comes first, in its old order. What was published but not yet marked when a
    process died is published again. Either way with the same identifiers. Raises Overtaken.
    """
    mark, reached = stream.mark(outbox.epoch()), outbox.position()
    if (mark.position or 0) < reached:
        return _publish_again(outbox, stream, mark, now - kept)
    entries = outbox.pending(BATCH)
    if entries:
        stream.publish(entries, seen=mark, reached=reached + len(entries))
        outbox.mark_published([entry.id for entry in entries], now)
    return len(entries)


def _publish_again(outbox: OutboxReader, stream: Stream, mark: Mark, since: datetime) -> int:
    """Publish a batch of what Redis has lost; mails with a receipt have no sealed part any more (MAIL-3)."""
    entries = outbox.published(after=mark.position or 0, since=since, limit=BATCH)
    last = entries[-1].position if entries else None
    stream.publish(entries, seen=mark, reached=last or outbox.position())
    _log.warning("published again what Redis had lost", after=mark.position, events=len(entries))
    return len(entries)


def note_receipts(outbox: OutboxReader, stream: Stream, *, block_ms: int) -> int:
    """Note what became of mails (VER-6), and forget their sealed part (SEC-9); return how many."""
    receipts = stream.receipts(block_ms=block_ms)
    if receipts:
        outbox.note_receipts([receipt for _, receipt in receipts])
        stream.acknowledge([entry_id for entry_id, _ in receipts])
    return len(receipts)
