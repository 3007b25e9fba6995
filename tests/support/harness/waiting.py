"""Wait for a condition in another process; the only place of the tests that may sleep."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, what: str, timeout_seconds: float = 30) -> None:
    """Check `condition` every 10 ms until it is true; raises AssertionError naming `what` on timeout.

    A test whose subject is the time passes its own limit; the default only ends a hang, on a busy machine too.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_seconds:g} s in vain for {what}")
        time.sleep(0.01)
