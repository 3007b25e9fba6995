"""Compares a request on a small database with the same on a large one, with one client."""

from collections.abc import Callable
from typing import Final, TypeVar

from tests.bench import load
from tests.bench.figures import Figure, Goal, interleaved

T = TypeVar("T")
_SECONDS: Final = 2.0
_SLOTS: Final = 5


def compared(
    name: str,
    few: T,
    many: T,
    request: Callable[[T], load.Request],
    *,
    called: tuple[str, str],
    at_most: float = 1.3,
) -> Figure:
    """Return the ratio of the medians, large to small; `called` names both sides in the figure."""

    def median_ms(side: T) -> float:
        return load.run(request(side), clients=1, seconds=_SECONDS).median_ms

    for side in (few, many):
        median_ms(side)
    pair = interleaved(lambda: median_ms(few), lambda: median_ms(many), slots=_SLOTS)
    return Figure(
        name=name,
        measured=pair.ratio,
        goal=Goal("most", at_most),
        parts={f"{called[0]} ms": pair.limit, f"{called[1]} ms": pair.median},
    )
