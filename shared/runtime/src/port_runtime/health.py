"""Is a process fit to work? Asked by /readyz and by the commands `identity check` and `mailer check`."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OK: Final = "ok"
_log = logging.getLogger(__name__)


class Unhealthy(Exception):  # noqa: N818 - named for what it tells
    """Raised by a probe with a sentence that may be shown to anybody who may ask."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a process needs; `probe` returns when it is there and raises when it is not."""

    name: str
    probe: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found: "ok" or a short reason for each name."""

    ok: bool
    results: Mapping[str, str]


def run_checks(checks: Iterable[Check]) -> Report:
    """Ask every check, also after one has failed."""
    results = {check.name: _result(check) for check in checks}
    return Report(ok=all(result == OK for result in results.values()), results=results)


def _result(check: Check) -> str:
    try:
        check.probe()
    except Unhealthy as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the report says so
        # The words of a library may hold an address or a password: its class is told, the words are logged.
        # No traceback: readiness is asked every few seconds, and it would tell of our own probe alone.
        _log.warning("check %s failed: %s: %s", check.name, type(error).__name__, _first_line(error))
        return type(error).__name__
    return OK


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


class Heartbeat:
    """Tells whether a loop still turns: it beats each time round, and who asks is told when it last did (OPS-4)."""

    def __init__(self, max_silence_seconds: float) -> None:
        """Begin as if it had just beaten; the silence is longer than any wait of the loop."""
        self._max_silence_seconds = max_silence_seconds
        self._last_beat_at = time.monotonic()

    def beat(self) -> None:
        """Note that the loop came round."""
        self._last_beat_at = time.monotonic()

    def is_alive(self) -> bool:
        """Tell whether it came round lately."""
        return time.monotonic() - self._last_beat_at <= self._max_silence_seconds
