"""What redis-py can read as the address of a Redis: to be asked at the start, before the first connection."""

from __future__ import annotations

from typing import Final

from redis.connection import ConnectionPool

SCHEMES: Final = ("redis", "rediss", "unix")


def check(url: str) -> None:
    """Raise ValueError where redis-py cannot make a connection of it, and connect to nothing; repeats no part of it."""
    try:
        ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError):  # a value it cannot read, an option it does not know
        raise ValueError("must be an address, with options, that redis-py can read") from None
