"""Metrics and traces of the stream in Redis (OPS-4)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from port_events.envelope import MalformedEvent, from_json
from port_runtime import tracing
from port_runtime.metrics import Instruments
from redis import Redis
from typing_extensions import override

from identity.adapters.redis_stream import RedisStream
from identity.metrics.relay import PUBLISH_SECONDS, PUBLISHED, PUBLISHED_AGAIN, RECEIPTS, RECEIPTS_NOTED
from identity.usecases.ports.outbox import PositionedEvent, Receipt
from identity.usecases.ports.stream import Checkpoint


class InstrumentedStream(RedisStream):
    def __init__(self, client: Redis, name: str, instruments: Instruments) -> None:
        super().__init__(client, name)
        self._published = instruments.counter(PUBLISHED)
        self._republished = instruments.counter(PUBLISHED_AGAIN)
        self._seconds = instruments.histogram(PUBLISH_SECONDS)
        self._recorded = instruments.counter(RECEIPTS_NOTED)
        self._states: dict[str, str] = {}
        address = client.get_connection_kwargs()
        self._server = tracing.server(address.get("host"), address.get("port"))

    @override
    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        super().publish(entries, expected=expected, position=position)
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
        """Record a span for the event's time in the outbox, as a child of the span that recorded the event."""
        try:
            event = from_json(entry.ce)
        except MalformedEvent:
            return
        tracing.record(
            f"publish {self._stream}",
            parent=event.traceparent,
            began=entry.created_at,
            kind=tracing.SpanKind.PRODUCER,
            ended=now,
            messaging__system="redis",
            messaging__operation__name="publish",
            messaging__operation__type="send",
            messaging__destination__name=self._stream,
            messaging__message__id=event.id,
            cloudevents__event_type=event.type,
            **self._server,
        )

    @override
    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        found = super().receipts(block_ms=block_ms)
        self._states = {entry_id: receipt.state for entry_id, receipt in found}
        return found

    @override
    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        super().acknowledge(entry_ids)
        for entry_id in entry_ids:
            state = self._states.pop(entry_id, "")
            if state in RECEIPTS:
                self._recorded.labels(state).inc()
