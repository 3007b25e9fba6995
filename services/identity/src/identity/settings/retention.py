"""The retention settings that several processes read."""

from collections.abc import Iterator

from port_runtime.setting_parsers import PRODUCTION, seconds
from port_runtime.settings import setting

_MIN_FEED_SECONDS = 7 * 86_400


def feed_retention() -> int:
    """Declare the retention of the feed in seconds."""
    return setting(
        "IDENTITY_FEED_KEPT",
        parse=seconds,
        default="90d",
        doc="how long the feed keeps published events: at least `IDENTITY_STREAM_KEPT`, and in production at least 7d",
    )


def stream_retention() -> int:
    """Declare the retention of the streams in seconds."""
    return setting(
        "IDENTITY_STREAM_KEPT",
        parse=seconds,
        default="7d",
        doc="how long the streams keep events, and mails that the mailer has handled; if Redis loses its data, the "
        "events of this period are published again",
    )


def retention_errors(*, feed: int, stream: int, mode: str) -> Iterator[str]:
    """Yield an error if the feed would drop events before the stream, or within 7 days in production (EVT-6)."""
    if feed < stream:
        yield "IDENTITY_FEED_KEPT: must not be shorter than IDENTITY_STREAM_KEPT"
    elif mode == PRODUCTION and feed < _MIN_FEED_SECONDS:
        yield "IDENTITY_FEED_KEPT: must be 7 days or more in production"
