"""A source of randomness with bind codes that the test can predict."""

import itertools

from identity.adapters.randomness import SystemRandomness


class PredictableCodes(SystemRandomness):
    """Bind codes count up; identifiers and tokens stay random."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.newest = ""

    def digits(self, count: int) -> str:
        """Return the next number and remember it."""
        self.newest = f"{next(self._numbers):0{count}}"
        return self.newest
