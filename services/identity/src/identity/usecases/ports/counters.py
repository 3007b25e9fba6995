"""Counters for rate limits."""

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
        """Add one to the counters of the networks, narrowest first, until a counter is full; return their states.

        `own` is incremented too unless a network's counter is full; in that case its state is None.
        """

    def peek(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        """Return the states in the given order without counting; a missing counter is at zero."""

    def decrement(self, counters: Sequence[Counter]) -> None:
        """Subtract one from each counter, down to zero."""

    def clear(self, counters: Sequence[Counter]) -> None:
        """Delete the counters."""

    def clear_below(self, counter: Counter) -> None:
        """Delete the counters whose subject extends the subject of `counter`."""

    def clear_failures(self, own: Counter, networks: Sequence[Counter]) -> None:
        """Reset the counter `own`, and subtract one from the networks' counters, which other clients share."""
