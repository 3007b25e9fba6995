"""What the operators' commands stand on: settings, one connection to Redis, lengths of time."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import redis

    from mailer.settings import Settings

UNIT_SECONDS = (("d", 86400), ("h", 3600), ("m", 60))


def mailer_settings() -> Settings:
    """Read the mailer's own settings; a fault ends the command with 2 and a line for each."""
    from port_runtime.settings import exit_on_error, load

    from mailer.settings import Settings

    with exit_on_error():
        return load(Settings, os.environ)


@contextmanager
def connected(settings: Settings) -> Iterator[redis.Redis]:
    """Give a client; a Redis that is away, or forbids, ends the command with 1 and one line."""
    import redis

    from mailer.adapters.redis.connection import connect

    try:
        with connect(settings.redis_url.reveal()) as client:
            yield client
    except redis.exceptions.NoPermissionError as error:
        raise click.ClickException(f"Redis forbids it: {error}") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis does not answer: {type(error).__name__}") from None


def format_datetime(at: datetime) -> str:
    """Return an instant as RFC 3339 has it, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def format_duration(seconds: float | None) -> str:
    """Return a length of time in its two greatest units, as in `1d 4h`; `-` for none."""
    if seconds is None:
        return "-"
    left, parts = int(seconds), []
    for unit, length in UNIT_SECONDS:
        if left >= length:
            parts.append(f"{left // length}{unit}")
            left %= length
    return " ".join([*parts, f"{left}s"][:2])
