"""Prints figures as a table for a terminal of 120 columns."""

import statistics
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from tests.bench.figures_and_goals import Figure
from tests.bench.time_slots import Measurement

_HEAD = ("figure", "median", "quartiles", "goal", "verdict", "by CPU", "foreign (quiet)")
_COLUMNS = 120
_ALL_DIGITS_FROM = 1000
_WIDTHS = (52, 9, 12, 7, 7, 6, 0)


def head() -> str:
    return _line(_HEAD)


def lines(figure: Figure, *, with_sides: bool) -> Iterator[str]:
    """Yield the line of a figure and, with `with_sides`, wrapped lines for its product and its baseline."""
    lower, median, upper = figure.quartiles
    unit = "" if figure.unit == "×" else f" {figure.unit}"
    yield _line((
        figure.name,
        f"{number(median)}{unit}",
        f"{number(lower)}–{number(upper)}" if len(figure.counted) > 1 else "",
        str(figure.goal or ""),
        figure.verdict,
        "" if figure.cpu_ratio is None else number(figure.cpu_ratio),
        foreign_load(figure),
    ))  # fmt: skip
    if with_sides:
        for side in ("product", "baseline"):
            measured = [getattr(slot, side) for slot in figure.counted if getattr(slot, side)]
            if measured:
                yield from textwrap.wrap(
                    _side(measured), _COLUMNS, initial_indent=" " * 4, subsequent_indent=" " * 8
                )


def foreign_load(figure: Figure) -> str:
    """Return the median foreign load of the counted slots, and how many slots were quiet."""
    share = statistics.median(slot.foreign for slot in figure.counted)
    return f"{share:.0%} ({sum(slot.is_quiet for slot in figure.slots)} of {len(figure.slots)})"


def number(value: float) -> str:
    """Return a number with three significant digits, but a whole number or one from 1000 on without decimals."""
    is_whole = abs(value) >= _ALL_DIGITS_FROM or value == round(value)
    return f"{value:,.0f}" if is_whole else f"{value:#.3g}".rstrip(".")


def _side(measured: Sequence[Measurement]) -> str:
    first = measured[0]
    texts = [f"{_median(one.value for one in measured)} {first.unit}".rstrip()]
    texts += [f"{name} {_median(one.details[name] for one in measured)}" for name in first.details]
    if first.cpu_ms:
        parts = [f"{_median(one.cpu_ms[name] for one in measured)} {name}" for name in first.cpu_ms]
        texts.append(f"CPU ms each: {', '.join(parts)}")
    return f"{first.name}: {'; '.join(texts)}"


def _median(values: Iterable[float]) -> str:
    return number(statistics.median(values))


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
