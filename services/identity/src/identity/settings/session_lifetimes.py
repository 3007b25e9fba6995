"""The idle lifetime and the absolute lifetime of a session."""

from collections.abc import Iterator

from port_runtime.setting_parsers import PRODUCTION, seconds
from port_runtime.settings import setting

_MIN_IDLE_SECONDS = 120  # "last seen" is exact to a minute
_MAX_IDLE_SECONDS = 12 * 3600
_MAX_SECONDS = 3660 * 86_400
_MAX_ABSOLUTE_SECONDS = 30 * 86_400


def session_idle() -> int:
    """Declare the idle lifetime of a session in seconds. `identity tidy` deletes the sessions that exceed it."""
    return setting(
        "IDENTITY_SESSION_IDLE",
        parse=seconds,
        default="30m",
        doc="a session unused for this long ends; at least 2m, in production at most 12h",
    )


def session_absolute() -> int:
    return setting(
        "IDENTITY_SESSION_ABSOLUTE",
        parse=seconds,
        default="12h",
        doc="a session ends after this long, used or not; in production at most 30d",
    )


def session_idle_errors(idle: int) -> Iterator[str]:
    if idle < _MIN_IDLE_SECONDS:
        yield "IDENTITY_SESSION_IDLE: must be two minutes or more"


def session_lifetime_errors(*, idle: int, absolute: int, mode: str) -> Iterator[str]:
    yield from session_idle_errors(idle)
    if absolute > _MAX_SECONDS:
        yield "IDENTITY_SESSION_ABSOLUTE: must be ten years or less"
    if idle > absolute:
        yield "IDENTITY_SESSION_IDLE: must not be longer than IDENTITY_SESSION_ABSOLUTE"
    if mode == PRODUCTION and absolute > _MAX_ABSOLUTE_SECONDS:
        yield "IDENTITY_SESSION_ABSOLUTE: must be 30 days or less in production"
    if mode == PRODUCTION and idle > _MAX_IDLE_SECONDS:
        yield "IDENTITY_SESSION_IDLE: must be 12 hours or less in production"
