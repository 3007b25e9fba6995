"""Slots, quartiles and verdicts of the benchmarks."""

import itertools
from collections.abc import Callable

import pytest

from tests.bench.cpu_and_memory import CpuTime
from tests.bench.figures_and_goals import Figure, Goal, at_least, at_most, detail, quartiles
from tests.bench.terminal_table import head, lines
from tests.bench.time_slots import Measurement, Run, Side, Slot, Unit, measure_alternately


def _measurement(
    value: float, *, foreign: float = 0.0, cpu_ms: float = 0.0, unit: Unit = "/s"
) -> Measurement:
    return Measurement(
        name="product", unit=unit, value=value, details={"p99 ms": 7.0}, cpu_ms={"service": cpu_ms}, foreign=foreign
    )  # fmt: skip


def _figure(*values_and_shares: tuple[float, float], goal: Goal | None) -> Figure:
    slots = [Slot(_measurement(value, foreign=share)) for value, share in values_and_shares]
    return Figure(name="figure", slots=slots, goal=goal)


@pytest.mark.parametrize(
    ("values_and_shares", "goal", "verdict"),
    [
        ([(0.80, 0.0), (0.86, 0.0), (0.90, 0.09)], at_least(0.85), "met"),
        ([(0.80, 0.0), (0.8499, 0.0), (0.90, 0.0)], at_least(0.85), "missed"),  # not rounded
        ([(0.80, 0.0), (0.95, 0.1), (0.99, 0.5)], at_least(0.85), "missed"),  # only the first slot is quiet
        ([(0.90, 0.1), (0.95, 0.3)], at_least(0.85), "noisy"),
        ([(2.0, 0.0), (1.9, 0.0), (3.0, 0.0)], at_most(2.0), "met"),
        ([(2.0, 0.0), (2.1, 0.0), (3.0, 0.0)], at_most(2.0), "missed"),
        ([(2.0, 0.0)], None, "-"),
        ([(2.0, 0.2)], None, "noisy"),
    ],
)
def test_the_median_of_quiet_slots_decides(
    values_and_shares: list[tuple[float, float]], goal: Goal | None, verdict: str
) -> None:
    assert _figure(*values_and_shares, goal=goal).verdict == verdict


def test_a_noisy_figure_still_shows_the_median_of_all_slots() -> None:
    figure = _figure((1.0, 0.5), (2.0, 0.6), (9.0, 0.7), goal=at_least(1.5))

    line = next(lines(figure, with_sides=False))

    assert figure.measured == 2.0
    assert (" 2 " in line, "noisy" in line, "60% (0 of 3)" in line) == (True, True, True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3], (3, 3, 3)), ([4, 1], (1.75, 2.5, 3.25)), ([5, 1, 4, 2, 3], (2, 3, 4))],
)
def test_quartiles_are_interpolated(values: list[float], expected: tuple[float, float, float]) -> None:
    assert quartiles(values) == expected


def test_the_ratio_of_cpu_times_has_the_same_direction_as_the_ratio() -> None:
    def figure(unit: Unit) -> Figure:
        one = Slot(_measurement(50, cpu_ms=40, unit=unit), _measurement(100, cpu_ms=10, unit=unit))
        return Figure(name="figure", slots=[one])

    assert (figure("/s").cpu_ratio, figure("ms").cpu_ratio) == (0.25, 4.0)
    assert Figure(name="figure", slots=figure("/s").slots, value=detail("p99 ms")).cpu_ratio is None


def test_the_noisier_side_decides_whether_a_slot_is_quiet() -> None:
    assert not Slot(_measurement(1, foreign=0.02), _measurement(1, foreign=0.12)).is_quiet


def test_the_table_fits_the_terminal() -> None:
    slot = Slot(_measurement(1234.5, cpu_ms=35.3), _measurement(1500, cpu_ms=20))
    figure = Figure(name="n" * 52, slots=[slot, slot], goal=at_least(0.85))

    table = [head(), *lines(figure, with_sides=True)]

    assert max(map(len, table)) <= 120
    assert table[2] == "    product: 1,234 /s; p99 ms 7; CPU ms each: 35.3 service"


def test_a_detail_is_read_by_its_name() -> None:
    assert Figure(name="tail", slots=[Slot(_measurement(1))], value=detail("p99 ms")).measured == 7.0


def _foreign_shares(*shares: float) -> Callable[[], CpuTime]:
    """Return a reader of CPU times with one of these foreign shares in each measurement."""
    readings = [
        CpuTime(busy=busy, total=total, own=0) for share in shares for busy, total in ((0, 0), (share, 1))
    ]
    return iter(readings).__next__


def _sides(order: list[str]) -> tuple[Side, Side]:
    def side(name: str) -> Side:
        def run() -> Run:
            order.append(name)
            return Run(value=1, operations=2)

        used = itertools.count(0.0, 0.5)
        return Side(name=name, unit="/s", prepare=lambda: run, cpu={"service": lambda: next(used)})

    return side("product"), side("baseline")


def test_slots_alternate_and_end_after_enough_quiet_slots() -> None:
    order: list[str] = []

    slots = measure_alternately(_foreign_shares(0, 0, 0, 0.5, 0, 0), *_sides(order), quiet_slots=2)

    assert order == ["baseline", "product", "product", "baseline", "baseline", "product"]
    assert [slot.is_quiet for slot in slots] == [True, False, True]
    assert slots[0].product.cpu_ms == {"service": 250}  # half a second for two operations


def test_the_number_of_slots_is_bounded_on_a_busy_machine() -> None:
    product, _ = _sides([])

    assert len(measure_alternately(_foreign_shares(*[0.9] * 20), product, quiet_slots=3)) == 5
