"""An OTLP collector that receives spans over HTTP as protobuf and stores them."""

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.servers.lifecycle import serve_http

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

PATH = "/v1/traces"


@dataclass(frozen=True)
class ReceivedSpan:
    """A span with the name and version of its service."""

    service: str
    version: str
    span: Span

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def trace_id(self) -> str:
        return self.span.trace_id.hex()

    @property
    def attributes(self) -> dict[str, object]:
        return _values(self.span.attributes)


class TraceCollector:
    """The received spans; with `settings`, processes send their spans here."""

    def __init__(self, port: int) -> None:
        self.settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",  # milliseconds until a batch is sent
        }
        self._lock = threading.Lock()
        self._received: list[ReceivedSpan] = []
        self._raw: list[bytes] = []

    def receive(self, raw: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(raw)
        spans = [
            ReceivedSpan(str(resource["service.name"]), str(resource["service.version"]), span)
            for each in request.resource_spans
            for resource in [_values(each.resource.attributes)]
            for scope in each.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._received += spans
            self._raw.append(raw)

    @property
    def spans(self) -> list[ReceivedSpan]:
        """All spans in the order of arrival."""
        with self._lock:
            return list(self._received)

    @property
    def text(self) -> str:
        """All received data, as text."""
        with self._lock:
            return "\n".join(str(ExportTraceServiceRequest.FromString(raw)) for raw in self._raw)


@contextmanager
def run_trace_collector() -> Iterator[TraceCollector]:
    server = _Server()
    with serve_http(server):
        yield server.collector


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.collector = TraceCollector(self.server_port)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        right = self.path == PATH and self.headers["Content-Type"] == "application/x-protobuf"
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        if right:
            self.server.collector.receive(raw)
        self.send_response(200 if right else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


def _values(attributes: "Iterable[KeyValue]") -> dict[str, object]:
    found: dict[str, object] = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        found[each.key] = getattr(each.value, kind) if kind else None
    return found
