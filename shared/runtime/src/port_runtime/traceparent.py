"""Which trace is going on: W3C Trace Context as a text, carried whether or not anybody records it (OPS-4)."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# https://www.w3.org/TR/trace-context/#traceparent-header: version 00, no part all zeros.
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACE_ID: Final = slice(3, 35)
_NOT_RECORDED: Final = "00"

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def parse(header: str | None) -> str | None:
    """Return a caller's traceparent when it is one."""
    return header if header is not None and _TRACEPARENT.fullmatch(header) else None


def new() -> str:
    """Return a new one that asks nobody to record."""
    octets = os.urandom(24).hex()
    return f"00-{octets[:32]}-{octets[32:]}-{_NOT_RECORDED}"


def current() -> str | None:
    """Return the traceparent of what is going on, to be passed on."""
    return _current.get()


def trace_id() -> str | None:
    """Return the trace's own part of it, for logs."""
    traceparent = _current.get()
    return traceparent[_TRACE_ID] if traceparent else None


@contextmanager
def use(traceparent: str | None) -> Iterator[None]:
    """Make it the one that is going on, within."""
    before = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(before)
