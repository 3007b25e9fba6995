"""Formats of times, durations and event types in the output of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

EVENT_PREFIX = "tw.port.identity."
UNIT_SECONDS = (("d", 86400), ("h", 3600), ("m", 60))


def format_datetime(at: datetime) -> str:
    """Return a time in RFC 3339 format, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def format_duration(seconds: float | None) -> str:
    """Return a duration in its two largest units, as in `1d 4h`; `-` for None."""
    if seconds is None:
        return "-"
    rest, parts = int(seconds), []
    for unit, length in UNIT_SECONDS:
        if rest >= length:
            parts.append(f"{rest // length}{unit}")
            rest %= length
    return " ".join([*parts, f"{rest}s"][:2])
