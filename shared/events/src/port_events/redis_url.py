"""What redis-py can read as the address of a Redis: to be asked at the start, before the first connection."""

from __future__ import annotations

from typing import Final

from redis.connection import parse_url

SCHEMES: Final = ("redis", "rediss", "unix")


def check(url: str) -> None:
    """Raise ValueError where an option behind the question mark is not as redis-py wants it; repeats no part of it."""
    try:
        parse_url(url)  # type: ignore[no-untyped-call]  # redis-py's own gap
    except ValueError:
        raise ValueError("must have options that redis-py can read") from None
