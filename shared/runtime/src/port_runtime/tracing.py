"""Tracing with the OpenTelemetry API (OPS-4).

Spans are exported if an endpoint is set; otherwise trace ids are only propagated.

    with span("POST /api/v1/accounts", parent=traceparent, kind=SpanKind.SERVER) as current:
        current.set_attribute("http.response.status_code", 202)

Attributes contain no secrets and no mail addresses.
"""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from port_runtime.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = ["Span", "SpanKind"]

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL: Final = "http/protobuf"

_W3C: Final = TraceContextTextMapPropagator()
_TRACER: Final = trace.get_tracer("port_runtime")
_ids: Final = random.SystemRandom()  # no state that forked workers would share


def is_enabled(environ: Mapping[str, str]) -> bool:
    """Return whether spans are exported: an endpoint is set, and tracing is not disabled.

    Raises SettingsError for another protocol or exporter than OTLP over HTTP, or if the extra `tracing` is missing.
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none" or not any(map(environ.get, ENDPOINTS)):
        return False
    errors = [
        f"{name}: must be {PROTOCOL}"
        for name in PROTOCOLS
        if environ.get(name, PROTOCOL) not in {"", PROTOCOL}
    ]
    if environ.get("OTEL_TRACES_EXPORTER") not in {None, "", "otlp"}:
        errors.append("OTEL_TRACES_EXPORTER: must be otlp or none")
    if find_spec("opentelemetry.sdk") is None:
        errors.append(f"{ENDPOINTS[1]}: traces need the extra `tracing` to be installed")
    if errors:
        raise SettingsError(errors)
    return True


def configure(service: str, *, distribution: str) -> None:
    """Configure the export of spans from the OTEL_* variables. Raises SettingsError.

    `distribution` supplies `service.version`. Call this after forking: the exporter's thread does not survive a fork.
    """
    if not is_enabled(os.environ):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    attributes = {SERVICE_VERSION: version(distribution)}
    if not os.environ.get("OTEL_SERVICE_NAME"):
        attributes[SERVICE_NAME] = service
    provider = TracerProvider(
        resource=Resource.create(attributes), shutdown_on_exit=False
    )  # `close` shuts it down
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def close() -> None:
    """Export the remaining spans and end the export."""
    if is_recording():
        trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]  # the SDK's provider has it


def is_recording() -> bool:
    """Return whether this process exports spans."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    **attributes: str | float,
) -> Iterator[Span]:
    """Make a span current, as a child of `parent` (a W3C traceparent) or else of the current span.

    With an invalid `parent`, or without any parent, it starts a new trace. An exception marks the span as failed; only
    the exception's class name is recorded. Two underscores in a keyword become a dot in the attribute's name.
    """
    context = _context(parent) if parent else None
    started = _TRACER.start_span(name, context, kind, _dotted(attributes))
    if not started.get_span_context().is_valid:  # no SDK and no valid parent
        started = NonRecordingSpan(
            SpanContext(_ids.getrandbits(128) or 1, _ids.getrandbits(64) or 1, is_remote=False)
        )
    token = attach(trace.set_span_in_context(started))
    try:
        yield started
    except Exception as error:
        fail(started, type(error).__name__)
        raise
    finally:
        detach(token)
        started.end()


def fail(span: Span, kind: str) -> None:
    """Mark a span as failed. `kind` is an error's class or code, never its message, which may contain secrets."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def record(
    name: str,
    *,
    parent: str | None,
    kind: SpanKind,
    began: datetime,
    ended: datetime,
    **attributes: str | float,
) -> None:
    """Record a span for completed work, for example the waiting time of an entry. Without a parent, record nothing.

    `ended` may be earlier than `began` if their clocks differ; the span then has zero duration.
    """
    if parent is None:
        return
    start = int(began.timestamp() * 1e9)
    finished = _TRACER.start_span(
        name, _context(parent), kind, attributes=_dotted(attributes), start_time=start
    )
    finished.end(max(start, int(ended.timestamp() * 1e9)))


def traceparent() -> str | None:
    """Return the W3C traceparent of the current span, or None if there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def log_ids() -> dict[str, str | None]:
    """Return the ids of the current trace and span in hexadecimal, for log lines; None if there is no span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {"trace_id": None, "span_id": None}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def server(host: str | None, port: int | None) -> dict[str, Any]:
    """Return keywords of `span` that name a client span's server; none if there is no host, as with a Unix socket."""
    return {"server__address": host, "server__port": port} if host else {}


def _context(parent: str) -> Context:
    return _W3C.extract({"traceparent": parent}, Context())


def _dotted(attributes: Mapping[str, str | float]) -> dict[str, str | float]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
