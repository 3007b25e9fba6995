"""Reduces startup cost: no garbage collection during imports, unused optional modules hidden."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@contextmanager
def without_collection() -> Iterator[None]:
    """Disable garbage collection in the block, then freeze all objects alive at its end.

    During imports, collections find nothing and take an eighth of the CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without_modules(*names: str) -> Iterator[None]:
    """Hide optional modules from imports in this block."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, cast("ModuleType", None)))  # an import of None fails
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
