"""Excludes what a process imports and builds at its start from garbage collection, since it lives until the end."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without_collection() -> Iterator[None]:
    """Import and build in this block; what exists at its end is exempt from all later collections.

    While modules are imported, collections find nothing and take an eighth of the CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
