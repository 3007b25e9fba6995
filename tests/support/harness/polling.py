"""Waits for a condition; tests use it instead of sleeping."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, what: str, timeout_seconds: float = 30) -> None:
    """Check `condition` every 10 ms until it is true. Raises AssertionError with `what` on timeout.

    A test about time passes its own limit. The default only detects a hang, and is long enough for a busy machine.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_seconds:g} s in vain for {what}")
        time.sleep(0.01)
