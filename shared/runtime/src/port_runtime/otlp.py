"""Spans over OTLP, by OpenTelemetry's own SDK and its variables. Needs the extra `tracing`; imported only where on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from port_runtime.tracing import Kind, Value

KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
NANOSECONDS: Final = 1_000_000_000


class Exporter:
    """See `port_runtime.tracing.Recorder`. Where to, how many and how often is said by OTEL_* variables."""

    def __init__(self, service: str) -> None:
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: service}
        # At the end of a process what is left is sent by `close`, not by a hook of the library's.
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("port_runtime")

    @contextmanager
    def span(
        self, name: str, *, parent: str | None, kind: Kind, attributes: Mapping[str, Value]
    ) -> Iterator[tuple[_Made, str]]:
        """Record what happens within; an exception ends it as failed, by its class alone."""
        span = self._tracer.start_span(
            name, context=_context(parent), kind=KINDS[kind], attributes=dict(attributes)
        )
        made = _Made(span)
        try:
            yield made, _text(span.get_span_context())
        except Exception as error:
            made.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def record(
        self, name: str, *, parent: str, began: datetime, ended: datetime, attributes: Mapping[str, Value]
    ) -> None:
        """Record what has happened already; clocks that differ do not make it end before it began."""
        start = int(began.timestamp() * NANOSECONDS)
        span = self._tracer.start_span(
            name, context=_context(parent), attributes=dict(attributes), start_time=start
        )
        span.end(max(start, int(ended.timestamp() * NANOSECONDS)))

    def close(self) -> None:
        """Send what is not sent yet, as long as the variables let it try."""
        self._provider.shutdown()


class _Made:
    """A span that is recorded."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def update_name(self, name: str) -> None:
        self._span.update_name(name)

    def set_attribute(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))


def _context(parent: str | None) -> Context:
    if parent is None:
        return Context()
    _, trace_id, span_id, flags = parent.split("-")
    known = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
    return trace.set_span_in_context(NonRecordingSpan(known), Context())


def _text(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
