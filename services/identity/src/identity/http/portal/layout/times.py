"""Template filters for times and durations, in the format of Taiwan."""

from datetime import datetime, timedelta, timezone

from flask import Flask

from identity.http.zh_tw import portal as texts

_TAIPEI = timezone(timedelta(hours=8))
"""Taiwan has no daylight saving time."""
_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3600


def init_app(app: Flask) -> None:
    app.add_template_filter(taipei)
    app.add_template_filter(duration)


def taipei(at: datetime) -> str:
    """Return a time in Taiwan's time zone, to the minute."""
    return at.astimezone(_TAIPEI).strftime("%Y/%m/%d %H:%M")


def duration(seconds: int) -> str:
    """Return a duration in at most two units, like static/durations.js."""
    if seconds < _MINUTE_SECONDS:
        return texts.SECONDS.format(count=seconds)
    if seconds < _HOUR_SECONDS:
        minutes, rest = divmod(seconds, _MINUTE_SECONDS)
        return _join(texts.MINUTES, minutes, texts.SECONDS, rest)
    hours, rest = divmod(seconds, _HOUR_SECONDS)
    return _join(texts.HOURS, hours, texts.MINUTES, rest // _MINUTE_SECONDS)


def _join(large_unit: str, large: int, small_unit: str, small: int) -> str:
    parts = [large_unit.format(count=large)] + ([small_unit.format(count=small)] if small else [])
    return " ".join(parts)
