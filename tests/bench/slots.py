"""Time slots: the product and its limit in turn, with the CPU time of both and the share that others took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.bench.cpu import CpuSeconds, CpuTime, foreign_share

Unit = Literal["/s", "ms", "s", "MiB", ""]
QUIET_SHARE = 0.10
"""A slot is quiet when others took a smaller share of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a side did in a slot: its rate or time, the number of its operations, more results by name."""

    value: float
    operations: float = 0
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The product or its limit: what prepares a slot's measured run, and what reads the CPU time of its parts."""

    name: str
    unit: Unit
    prepare: Callable[[], Callable[[], Run]]
    cpu: Mapping[str, CpuSeconds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A side in one slot."""

    name: str
    unit: Unit
    value: float
    details: Mapping[str, float]
    cpu_ms: Mapping[str, float]
    """CPU time for each operation, by part."""
    foreign: float

    @property
    def total_cpu_ms(self) -> float:
        """The CPU time of all parts for each operation; 0 if it is not measured."""
        return sum(self.cpu_ms.values())


@dataclass(frozen=True, slots=True)
class Slot:
    """The product, and its limit where it has one, measured within seconds of each other."""

    product: Measurement
    limit: Measurement | None = None

    @property
    def foreign(self) -> float:
        """The share of the machine that others took while either of the two ran, whichever is larger."""
        return max(side.foreign for side in (self.product, self.limit) if side)

    @property
    def is_quiet(self) -> bool:
        """Whether a figure may count this slot."""
        return self.foreign < QUIET_SHARE


def interleaved(
    read: Callable[[], CpuTime], product: Side, limit: Side | None = None, *, wanted: int
) -> list[Slot]:
    """Measure until there are so many quiet slots, at most twice as many; a single slot is not repeated.

    `read` returns the machine's CPU time. The order of limit and product is reversed in every other slot.
    """
    slots: list[Slot] = []
    while sum(slot.is_quiet for slot in slots) < wanted and len(slots) < max(1, 2 * wanted - 1):
        order = [product] if limit is None else [limit, product]
        if len(slots) % 2:
            order.reverse()
        done = {side.name: _measure(read, side) for side in order}
        slots.append(Slot(done[product.name], done[limit.name] if limit else None))
    return slots


def _measure(read: Callable[[], CpuTime], side: Side) -> Measurement:
    run = side.prepare()
    parts, before = {name: seconds() for name, seconds in side.cpu.items()}, read()
    result = run()
    after = read()
    spent = {name: seconds() - parts[name] for name, seconds in side.cpu.items()}
    return Measurement(
        name=side.name,
        unit=side.unit,
        value=result.value,
        details=result.details,
        cpu_ms={name: seconds / result.operations * 1000 for name, seconds in spent.items()},
        foreign=foreign_share(before, after),
    )
