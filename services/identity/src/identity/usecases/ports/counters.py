"""Counters behind the rate limits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.rate_limits import CounterState, Limit


class Counters(Protocol):
    """Counters by key; each call is one atomic statement."""

    def increment(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Add one to each counter; return their states in the given order."""

    def increment_within(
        self, own: tuple[Limit, str], shared: tuple[Limit, str], now: datetime
    ) -> tuple[CounterState | None, CounterState]:
        """Add one to both counters; when the shared one is full, leave the other alone and return None for it."""

    def peek(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Return the states in the given order without counting; a missing counter is at zero."""

    def decrement(self, keys: Sequence[str]) -> None:
        """Subtract one from each counter, down to zero."""

    def clear(self, keys: Sequence[str]) -> None:
        """Delete the counters."""

    def clear_prefix(self, prefix: str) -> None:
        """Delete the counters with this prefix."""

    def clear_failures(self, key: str, *, shared: str) -> None:
        """Reset one counter and subtract one from the other, which counts for others too."""
