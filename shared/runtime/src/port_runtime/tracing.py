"""Traces (OPS-4): W3C Trace Context is carried everywhere; spans are made only where OTEL_* variables ask for them.

    with span("POST /api/v1/accounts", parent=traceparent, kind="server") as made:
        made.note("http.response.status_code", 202)

A trace that nobody records costs a text: what came in goes on unchanged. Attributes hold no secret and no address.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal, Protocol

from port_runtime.settings import SettingsError
from port_runtime.traceparent import current, use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Value = str | int | float | bool

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL: Final = "http/protobuf"


class Span(Protocol):
    """Something that takes time."""

    def update_name(self, name: str) -> None:
        """Call it by what became known of it."""

    def set_attribute(self, name: str, value: Value) -> None:
        """Say something about it, by a name of OpenTelemetry's conventions where there is one."""

    def fail(self, kind: str) -> None:
        """Say that it failed, and of which kind; never in a library's words, which may hold anything."""


class Recorder(Protocol):
    """What makes spans and sends them; `port_runtime.otlp` has the one there is."""

    def span(
        self, name: str, *, parent: str | None, kind: Kind, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[tuple[Span, str]]:
        """Record what happens within; give the span and its own traceparent."""

    def record(
        self, name: str, *, parent: str, began: datetime, ended: datetime, attributes: Mapping[str, Value]
    ) -> None:
        """Record what has happened already."""

    def close(self) -> None:
        """Send what is not sent yet."""


class _Unrecorded:
    def update_name(self, name: str) -> None:
        """Nobody listens."""

    def set_attribute(self, name: str, value: Value) -> None:
        """Nobody listens."""

    def fail(self, kind: str) -> None:
        """Nobody listens."""


_UNRECORDED: Final = _Unrecorded()
_NOTHING: Final = nullcontext(_UNRECORDED)
_recorder: Recorder | None = None


def is_enabled(environ: Mapping[str, str]) -> bool:
    """Tell whether spans are to be sent: an endpoint is named, and nothing switches it off.

    Raises SettingsError, also where the extra `tracing` is not installed.
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none" or not any(map(environ.get, ENDPOINTS)):
        return False
    faults = [
        f"{name}: must be {PROTOCOL}"
        for name in PROTOCOLS
        if environ.get(name, PROTOCOL) not in {"", PROTOCOL}
    ]
    if environ.get("OTEL_TRACES_EXPORTER") not in {None, "", "otlp"}:
        faults.append("OTEL_TRACES_EXPORTER: must be otlp or none")
    if find_spec("opentelemetry") is None:
        faults.append(f"{ENDPOINTS[1]}: traces need the extra `tracing` to be installed")
    if faults:
        raise SettingsError(faults)
    return True


def configure(service: str) -> None:
    """Record this process' spans if OTEL_* say so. After forking: its thread would not come along.

    Raises SettingsError.
    """
    global _recorder  # noqa: PLW0603 - one a process, as with logs
    if not is_enabled(os.environ):
        return
    from port_runtime.otlp import Exporter

    _recorder = Exporter(service)


def close() -> None:
    """Send what is not sent yet; the end of a process."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.close()


def is_recording() -> bool:
    """Tell whether spans are made, for what is worth doing only then."""
    return _recorder is not None


def span(
    name: str, *, parent: str | None = None, kind: Kind = "internal", **attributes: Value
) -> AbstractContextManager[Span]:
    """Record what happens within, as a part of `parent` or else of what is going on.

    Names of attributes have dots where the keywords have two underscores.
    """
    if _recorder is None:
        return _passed_on(parent) if parent else _NOTHING
    made = _recorder.span(name, parent=parent or current(), kind=kind, attributes=_dotted(attributes))
    return _recorded(made)


@contextmanager
def _passed_on(traceparent: str) -> Iterator[Span]:
    with use(traceparent):
        yield _UNRECORDED


@contextmanager
def _recorded(made: AbstractContextManager[tuple[Span, str]]) -> Iterator[Span]:
    with made as (recorded, traceparent), use(traceparent):
        yield recorded


def record(name: str, *, parent: str | None, began: datetime, ended: datetime, **attributes: Value) -> None:
    """Record what has happened already, as a part of `parent`: how long something waited."""
    if _recorder is not None and parent is not None:
        _recorder.record(name, parent=parent, began=began, ended=ended, attributes=_dotted(attributes))


def _dotted(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
