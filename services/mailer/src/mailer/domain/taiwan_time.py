"""The time people in Taiwan read: eight hours ahead of UTC, without daylight saving since 1979."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
TAIWAN: Final = timezone(timedelta(hours=8), "Asia/Taipei")


def format_datetime(at: datetime) -> str:
    """Return the instant to the minute, as in 2026年1月5日 14:03."""
    local = at.astimezone(TAIWAN)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def format_validity(span: timedelta) -> str:
    """Return a mail's validity in whole units, as in 24小時 or 7天; rounded down, never promising too much.

    The event is written a moment after its link is made: what lacks less than half a minute lacks nothing.
    """
    span = round(span / MINUTE) * MINUTE
    if span >= 2 * DAY and span % DAY == timedelta(0):
        return f"{span // DAY}天"
    return f"{span // HOUR}小時" if span >= HOUR else f"{span // MINUTE}分鐘"
