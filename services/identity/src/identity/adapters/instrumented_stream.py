"""Metrics and traces around the relay's stream (OPS-4)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from port_events.envelope import MalformedEvent, from_json
from port_runtime import tracing
from port_runtime.metrics import Instruments
from typing_extensions import override

from identity.metrics import PUBLISH_SECONDS, PUBLISHED, PUBLISHED_AGAIN, RECEIPTS, RECEIPTS_NOTED
from identity.usecases.ports.outbox import PositionedEvent, Receipt
from identity.usecases.ports.stream import Checkpoint, Stream


class InstrumentedStream(Stream):
    """Delegates to another stream, and counts and traces what passes through."""

    def __init__(self, stream: Stream, instruments: Instruments, name: str) -> None:
        self._stream, self._name = stream, name
        self._published = instruments.counter(PUBLISHED)
        self._republished = instruments.counter(PUBLISHED_AGAIN)
        self._seconds = instruments.histogram(PUBLISH_SECONDS)
        self._receipts = instruments.counter(RECEIPTS_NOTED)
        self._states: dict[str, str] = {}

    @override
    def checkpoint(self, epoch: str) -> Checkpoint:
        return self._stream.checkpoint(epoch)

    @override
    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        self._stream.publish(entries, expected=expected, position=position)
        now = datetime.now(UTC)
        for entry in entries:
            if entry.position <= expected.high_watermark:
                self._republished.inc()
                continue
            self._published.inc()
            self._seconds.observe(max((now - entry.created_at).total_seconds(), 0))
            if tracing.is_recording():
                self._trace(entry, now)

    def _trace(self, entry: PositionedEvent, now: datetime) -> None:
        """Record a span for the event's time in the outbox, as a child of the request that wrote it."""
        try:
            event = from_json(entry.ce)
        except MalformedEvent:
            return
        tracing.record(
            f"publish {self._name}",
            parent=event.traceparent,
            began=entry.created_at,
            ended=now,
            messaging__system="redis",
            messaging__operation__type="send",
            messaging__destination__name=self._name,
            messaging__message__id=event.id,
            cloudevents__event_type=event.type,
        )

    @override
    def trim(self, retention: timedelta) -> int:
        return self._stream.trim(retention)

    @override
    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        found = self._stream.receipts(block_ms=block_ms)
        self._states = {entry_id: receipt.state for entry_id, receipt in found}
        return found

    @override
    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        self._stream.acknowledge(entry_ids)
        for entry_id in entry_ids:
            state = self._states.pop(entry_id, "")
            if state in RECEIPTS:
                self._receipts.labels(state).inc()
