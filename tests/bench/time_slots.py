"""Measures product and baseline alternately in time slots, with CPU times and the foreign share of the machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.bench.cpu_and_memory import CpuSeconds, CpuTime, foreign_share

Unit = Literal["/s", "ms", "s", "MiB", ""]
QUIET_SHARE = 0.10
"""A slot is quiet if foreign processes used a smaller share of the machine during each measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a side returns: its value, in the side's unit, and the number of operations.

    `operations` must be positive if the side has CPU times.
    """

    value: float
    operations: float = 0
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The product or its baseline. `prepare` returns the function to measure; `cpu` is by component."""

    name: str
    unit: Unit
    prepare: Callable[[], Callable[[], Run]]
    cpu: Mapping[str, CpuSeconds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    name: str
    unit: Unit
    value: float
    details: Mapping[str, float]
    cpu_ms: Mapping[str, float]
    """The CPU time per operation, by component."""
    foreign: float

    @property
    def total_cpu_ms(self) -> float:
        """The CPU time of all components per operation; 0 if it was not measured."""
        return sum(self.cpu_ms.values())


@dataclass(frozen=True, slots=True)
class Slot:
    """Measurements of the product and of its baseline, if it has one, one after the other."""

    product: Measurement
    baseline: Measurement | None = None

    @property
    def foreign(self) -> float:
        """The larger foreign share of the two measurements."""
        return max(side.foreign for side in (self.product, self.baseline) if side)

    @property
    def is_quiet(self) -> bool:
        return self.foreign < QUIET_SHARE


def measure_alternately(
    read: Callable[[], CpuTime], product: Side, baseline: Side | None = None, *, quiet_slots: int
) -> list[Slot]:
    """Measure until `quiet_slots` slots are quiet, but at most 2 × `quiet_slots` - 1 slots.

    `read` returns the machine's CPU time. The baseline comes first in the first slot and in every other slot after it.
    """
    slots: list[Slot] = []
    while sum(slot.is_quiet for slot in slots) < quiet_slots and len(slots) < 2 * quiet_slots - 1:
        order = [product] if baseline is None else [baseline, product]
        if len(slots) % 2:
            order.reverse()
        done = {side.name: _measure(read, side) for side in order}
        slots.append(Slot(done[product.name], done[baseline.name] if baseline else None))
    return slots


def _measure(read: Callable[[], CpuTime], side: Side) -> Measurement:
    run = side.prepare()
    cpu_before, before = {name: seconds() for name, seconds in side.cpu.items()}, read()
    result = run()
    after = read()
    spent = {name: seconds() - cpu_before[name] for name, seconds in side.cpu.items()}
    return Measurement(
        name=side.name,
        unit=side.unit,
        value=result.value,
        details=result.details,
        cpu_ms={name: seconds / result.operations * 1000 for name, seconds in spent.items()},
        foreign=foreign_share(before, after),
    )
