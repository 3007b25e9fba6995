"""How long events are kept, in the stream and in the feed: whoever reads one reads both, since they must fit."""

from collections.abc import Iterator

from port_runtime.parsers import PRODUCTION, seconds
from port_runtime.settings import setting

_MIN_FEED_SECONDS = 7 * 86_400


def feed_retention() -> int:
    """Declare for how long the feed keeps facts, which `identity tidy` drops after."""
    return setting(
        "IDENTITY_FEED_KEPT",
        parse=seconds,
        default="90d",
        doc="how long the feed keeps what was published; not shorter than `IDENTITY_STREAM_KEPT`, 7d or more in "
        "production",
    )


def stream_retention() -> int:
    """Declare for how long the stream keeps entries, which the relay trims."""
    return setting(
        "IDENTITY_STREAM_KEPT",
        parse=seconds,
        default="7d",
        doc="how long entries stay in the stream, but for what the mailer has not handled; and how far back a wiped "
        "Redis is filled again",
    )


def retention_errors(*, feed: int, stream: int, mode: str) -> Iterator[str]:
    """Yield why the feed could not fill a gap: what the stream has lost must still be there (EVT-6)."""
    if feed < stream:
        yield "IDENTITY_FEED_KEPT: must not be shorter than IDENTITY_STREAM_KEPT"
    elif mode == PRODUCTION and feed < _MIN_FEED_SECONDS:
        yield "IDENTITY_FEED_KEPT: must be 7 days or more in production"
