"""Figures that tests measure; `pytest -s` shows them (deploy/README.md, Figures)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


def report_figure(text: str) -> None:
    print(f"\nfigure: {text}")  # noqa: T201 - for `pytest -s`


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Report the duration of the block in seconds."""
    began = time.monotonic()
    yield
    report_figure(f"{what}: {time.monotonic() - began:.2f} s")
