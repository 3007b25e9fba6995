"""Retries and the stop on a signal, for the relay and notify."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol


class BackgroundProcess(Protocol):
    def stop(self) -> None:
        """Make the process end soon; a signal handler calls this method."""


class Attempts:
    """Runs the steps of tasks; counts every failure, and logs only the first of a task's consecutive failures.

    An `expected` error means that a server is unavailable, and is logged without a traceback.
    """

    def __init__(
        self, log: Any, count_failure: Callable[[str], None], *, expected: tuple[type[Exception], ...]
    ) -> None:
        self._log = log
        self._count_failure = count_failure
        self._expected = expected
        self._failing: set[str] = set()

    def succeeds(self, task: str, step: Callable[[], object]) -> bool:
        """Run a step of the task; return whether it raised nothing."""
        try:
            step()
        except Exception as error:  # noqa: BLE001  # the next round may succeed, whatever the error
            if task not in self._failing:
                expected = isinstance(error, self._expected)
                self._log.warning(
                    "waiting for a server" if expected else "unforeseen error",
                    kind=type(error).__name__,
                    task=task,
                    exc_info=None if expected else error,
                )
            self._failing.add(task)
            self._count_failure(task)
            return False
        self._failing.discard(task)
        return True


def stop_on_signal(process: BackgroundProcess) -> None:
    """Stop the process on SIGTERM and SIGINT."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        process.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
