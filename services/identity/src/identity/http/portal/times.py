"""Moments and lengths of time in words, as people in Taiwan read them."""

from datetime import datetime, timedelta, timezone

from flask import Flask

_TAIPEI = timezone(timedelta(hours=8))
"""All year: Taiwan has no summer time."""
_MINUTE = 60
_HOUR = 3600


def init_app(app: Flask) -> None:
    """Give the templates the filters of the functions' names."""
    app.add_template_filter(taipei)
    app.add_template_filter(duration)


def taipei(at: datetime) -> str:
    """Return a moment in Taiwan's time, to the minute."""
    return at.astimezone(_TAIPEI).strftime("%Y/%m/%d %H:%M")


def duration(seconds: int) -> str:
    """Return a length of time in its two greatest units; durations.js says the same."""
    if seconds < _MINUTE:
        return f"{seconds} 秒"
    if seconds < _HOUR:
        return _two_units(seconds // _MINUTE, "分鐘", seconds % _MINUTE, "秒")
    return _two_units(seconds // _HOUR, "小時", seconds % _HOUR // _MINUTE, "分鐘")


def _two_units(great: int, of_great: str, small: int, of_small: str) -> str:
    return f"{great} {of_great}" + (f" {small} {of_small}" if small else "")
