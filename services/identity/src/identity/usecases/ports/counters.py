"""Counters behind the rate limits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.rate_limits import Counter, CounterState


class Counters(Protocol):
    """The counts in the database; each call is one atomic statement."""

    def increment(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        """Add one to each counter; return their states in the given order."""

    def increment_within(
        self, own: Counter | None, networks: Sequence[Counter], now: datetime
    ) -> tuple[CounterState | None, list[CounterState]]:
        """Add one to the counters of the networks, narrowest first, up to a full one; return their states.

        `own` is incremented too unless one of them is full; otherwise its state is None.
        """

    def peek(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        """Return the states in the given order without counting; a missing counter is at zero."""

    def decrement(self, counters: Sequence[Counter]) -> None:
        """Subtract one from each counter, down to zero."""

    def clear(self, counters: Sequence[Counter]) -> None:
        """Delete the counters."""

    def clear_below(self, counter: Counter) -> None:
        """Delete the counters whose subject begins with this one's and goes on."""

    def clear_failures(self, own: Counter, networks: Sequence[Counter]) -> None:
        """Reset a counter and subtract one from those of the networks, which count for others too."""
