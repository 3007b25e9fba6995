"""The result of a benchmark: a figure, its goal and its parts."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.bench.environment import Environment


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for a figure."""

    side: Literal["least", "most"]
    bound: float

    def is_met(self, measured: float) -> bool:
        """Whether the figure, rounded as in the table, is within the bound."""
        shown = round(measured, 3)
        return shown >= self.bound if self.side == "least" else shown <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.side == 'least' else '≤'} {self.bound:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. Without a goal it is only reported."""

    name: str
    measured: float
    unit: Literal["×", "ms", "s", "%", "MiB", "/s", ""] = "×"
    goal: Goal | None = None
    parts: dict[str, float | str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Whether the goal is met, as a word."""
        if self.goal is None:
            return "-"
        return "yes" if self.goal.is_met(self.measured) else "NO"


Bench = Callable[[Environment], Iterator[Figure]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Measurements of the limit and of the product, by slot."""

    limits: Sequence[float]
    measured: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the ratios of each slot: other load slows both sides of a slot."""
        slots = zip(self.measured, self.limits, strict=True)
        return statistics.median(one / limit for one, limit in slots)

    @property
    def limit(self) -> float:
        """The limit's median."""
        return statistics.median(self.limits)

    @property
    def median(self) -> float:
        """The product's median."""
        return statistics.median(self.measured)


def interleaved(limit: Callable[[], float], product: Callable[[], float], *, slots: int) -> Pair:
    """Measure limit and product alternately; their order is reversed in every other slot."""
    limits, measured = [], []
    for slot in range(slots):
        order = (True, False) if slot % 2 == 0 else (False, True)
        for is_limit in order:
            if is_limit:
                limits.append(limit())
            else:
                measured.append(product())
    return Pair(limits, measured)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile by nearest rank; `share` is from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
