"""Publishing with an outbox and a stream in memory: after crashes, and with lost or restored data (EVT-2)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from identity.usecases.ports.outbox import OutboxReader, PositionedEvent, Receipt
from identity.usecases.ports.stream import Checkpoint, ConcurrentPublish, Stream
from identity.usecases.publishing import publish
from typing_extensions import override

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
RETENTION = timedelta(days=7)

pytestmark = pytest.mark.rule("EVT-2")


@dataclass
class MemoryOutbox(OutboxReader):
    """`events` were published at their `created_at`; `pending` is the number of events without a position."""

    events: list[PositionedEvent] = field(default_factory=list)
    pending: int = 0

    @override
    def epoch(self) -> str:
        return "epoch"

    @override
    def newest_position(self) -> int:
        return self.events[-1].position if self.events else 0

    @override
    def forget_position(self) -> None: ...

    @override
    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        first, count = max(self.newest_position(), beyond) + 1, min(self.pending, limit)
        assigned = [an_event(first + index, at=now) for index in range(count)]
        self.events += assigned
        self.pending -= count
        return assigned

    @override
    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        return [
            each
            for each in self.events
            if each.position > after and (since is None or each.created_at >= since)
        ][:limit]

    @override
    def unsent_mails(self, event_ids: Collection[str]) -> Collection[str]:
        return ()

    @override
    def record_receipts(self, receipts: Sequence[Receipt]) -> None: ...

    @override
    def expire_mails(self, now: datetime) -> int:
        return 0


@dataclass
class MemoryStream(Stream):
    """`positions` are those of the published events, in the order of their publication."""

    positions: list[int] = field(default_factory=list)
    at: Checkpoint = field(default_factory=lambda: Checkpoint("epoch", None))

    @override
    def checkpoint(self, epoch: str) -> Checkpoint:
        return self.at

    @override
    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        if expected != self.at:
            raise ConcurrentPublish
        self.positions += [each.position for each in entries]
        self.at = Checkpoint("epoch", position, high_watermark=position, stored=position)

    @override
    def copy_mails(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        return 0

    @override
    def trim(self, retention: timedelta) -> int:
        return 0

    @override
    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        return []

    @override
    def acknowledge(self, entry_ids: Sequence[str]) -> None: ...


def an_event(position: int, *, at: datetime = NOW) -> PositionedEvent:
    return PositionedEvent(position, type="t", ce="{}", sealed=None, created_at=at)


def test_new_events_get_the_next_positions_and_are_published_once() -> None:
    outbox, stream = MemoryOutbox(pending=3), MemoryStream()

    counts = [publish(outbox, stream, NOW, retention=RETENTION) for _ in range(2)]

    assert (counts, stream.positions) == ([3, 0], [1, 2, 3])


def test_events_with_a_position_that_never_reached_the_stream_precede_new_events() -> None:
    outbox, stream = MemoryOutbox([an_event(1), an_event(2)], pending=1), MemoryStream()
    stream.at = Checkpoint("epoch", 1, high_watermark=1, stored=1)

    while publish(outbox, stream, NOW, retention=RETENTION):
        pass

    assert stream.positions == [2, 3]


def test_a_stream_restored_from_a_backup_gets_every_event_after_its_checkpoint() -> None:
    old = NOW - 2 * RETENTION
    outbox = MemoryOutbox([an_event(1, at=old), an_event(2, at=old), an_event(3)])
    stream = MemoryStream(at=Checkpoint("epoch", 1, high_watermark=3, stored=1))

    publish(outbox, stream, NOW, retention=RETENTION)

    assert stream.positions == [2, 3]


def test_an_empty_stream_gets_only_the_events_within_its_retention() -> None:
    outbox, stream = MemoryOutbox([an_event(1, at=NOW - 2 * RETENTION), an_event(2)]), MemoryStream()

    publish(outbox, stream, NOW, retention=RETENTION)

    assert stream.positions == [2]


def test_a_restored_database_skips_the_lost_positions() -> None:
    outbox = MemoryOutbox([an_event(1)], pending=1)
    stream = MemoryStream(at=Checkpoint("epoch", 5, high_watermark=5, stored=5))

    publish(outbox, stream, NOW, retention=RETENTION)

    assert stream.positions == [7]


def test_events_positioned_by_another_relay_meanwhile_are_not_skipped() -> None:
    class Rival(MemoryOutbox):
        """An outbox in which another relay assigns a position between two statements."""

        @override
        def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
            self.events.append(an_event(self.newest_position() + 1))
            return super().assign_positions(now, beyond=beyond, limit=limit)

    outbox, stream = Rival([an_event(1)], pending=1), MemoryStream()
    stream.at = Checkpoint("epoch", 1, high_watermark=1, stored=1)

    with pytest.raises(ConcurrentPublish):
        publish(outbox, stream, NOW, retention=RETENTION)

    outbox.pending = 0
    publish(MemoryOutbox(outbox.events), stream, NOW, retention=RETENTION)
    assert stream.positions == [2, 3]
