"""A source of randomness with predictable bind codes."""

import itertools

from identity.adapters.randomness import SystemRandomness


class PredictableCodes(SystemRandomness):
    """Counts bind codes up, but keeps identifiers and tokens random."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.newest = ""

    def digits(self, count: int) -> str:
        """Return and store the next number."""
        self.newest = f"{next(self._numbers):0{count}}"
        return self.newest
