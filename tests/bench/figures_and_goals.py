"""A benchmark's figures: the median of the slots, the goal and the verdict."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tests.bench.environment import Environment
from tests.bench.time_slots import Slot

Verdict = Literal["met", "missed", "noisy", "-"]
_Value = Callable[[Slot], float]


@dataclass(frozen=True, slots=True)
class Goal:
    side: Literal["least", "most"]
    bound: float

    def is_met(self, measured: float) -> bool:
        return measured >= self.bound if self.side == "least" else measured <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.side == 'least' else '≤'} {self.bound:g}"


def at_least(bound: float) -> Goal:
    return Goal("least", bound)


def at_most(bound: float) -> Goal:
    return Goal("most", bound)


def ratio(slot: Slot) -> float:
    """Return the product's value divided by the baseline's or, without a baseline, the product's value."""
    return slot.product.value / (slot.baseline.value if slot.baseline else 1)


def product(slot: Slot) -> float:
    return slot.product.value


def detail(name: str) -> _Value:
    """Return a function that reads one of the product's details."""
    return lambda slot: slot.product.details[name]


def cpu_ms(component: str) -> _Value:
    """Return a function that reads the CPU time per operation of one of the product's components."""
    return lambda slot: slot.product.cpu_ms[component]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A line of the table. `value` computes the figure in one slot."""

    name: str
    slots: Sequence[Slot]
    value: _Value = ratio
    unit: Literal["×", "ms", "s", "%", "MiB", "/s", ""] = "×"
    goal: Goal | None = None

    @property
    def counted(self) -> Sequence[Slot]:
        """The quiet slots, or all slots if none was quiet."""
        return [slot for slot in self.slots if slot.is_quiet] or self.slots

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """The lower quartile, the median and the upper quartile of the counted slots."""
        return quartiles(map(self.value, self.counted))

    @property
    def measured(self) -> float:
        return self.quartiles[1]

    @property
    def cpu_ratio(self) -> float | None:
        """The median ratio of CPU times per operation, inverted unless the unit is "ms".

        None if the figure is not the ratio to a baseline, or if a side has no CPU time in a counted slot.
        """
        if self.value is not ratio:
            return None
        pairs = [
            (slot.product.total_cpu_ms, slot.baseline.total_cpu_ms) for slot in self.counted if slot.baseline
        ]
        if not pairs or not all(map(all, pairs)):
            return None
        median = statistics.median(ours / baseline for ours, baseline in pairs)
        return median if self.counted[0].product.unit == "ms" else 1 / median

    @property
    def verdict(self) -> Verdict:
        """`noisy` if no slot was quiet, `-` without a goal."""
        if not any(slot.is_quiet for slot in self.slots):
            return "noisy"
        if self.goal is None:
            return "-"
        return "met" if self.goal.is_met(self.measured) else "missed"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "goal": str(self.goal) if self.goal else None,
            "verdict": self.verdict,
            "quartiles": self.quartiles,
            "cpu_ratio": self.cpu_ratio,
            "quiet_slots": sum(slot.is_quiet for slot in self.slots),
            "foreign": statistics.median(slot.foreign for slot in self.counted),
            "slots": [
                {
                    "measured": self.value(slot),
                    "foreign": slot.foreign,
                    "is_quiet": slot.is_quiet,
                    **asdict(slot),
                }
                for slot in self.slots
            ],
        }


Benchmark = Callable[[Environment], Iterator[Figure]]


def quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile, interpolated between values (inclusive method)."""
    ordered = sorted(values)
    if len(ordered) == 1:
        ordered *= 2
    lower, median, upper = statistics.quantiles(ordered, n=4, method="inclusive")
    return lower, median, upper


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that more than `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
