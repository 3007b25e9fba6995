"""Counters for rate limits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.rate_limits import Counter, CounterState


class Counters(Protocol):
    """Counts in the database; each call is one atomic statement."""

    def increment(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        """Add one to each counter, up to one above its limit; return their states in the order of `counters`."""

    def increment_within(
        self, own: Counter | None, networks: Sequence[Counter], now: datetime
    ) -> tuple[CounterState | None, list[CounterState]]:
        """Add one to `networks` up to and including the first counter that was full, and to `own` if none was.

        `networks` are in order from the narrowest to the widest. Returns the state of `own`, or None if it was not
        incremented, and the states of the networks' counters that were incremented.
        """

    def peek(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        """Return the states in the order of `counters`, without counting.

        A missing counter has the count 0; an expired counter still has its last count.
        """

    def decrement(self, counters: Sequence[Counter]) -> None:
        """Subtract one from each counter that is above zero."""

    def clear(self, counters: Sequence[Counter]) -> None: ...

    def clear_below(self, counter: Counter) -> None:
        """Delete the counters whose subject starts with the subject of `counter` and is longer."""

    def clear_failures(self, own: Counter, networks: Sequence[Counter]) -> None:
        """Set the counter `own` to zero, and subtract one from the networks' counters, which other clients share."""
