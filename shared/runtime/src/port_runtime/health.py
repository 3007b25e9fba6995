"""Health checks, for /readyz and the commands `identity check` and `mailer check`."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

OK: Final = "ok"
INTERVAL_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class Unhealthy(Exception):  # noqa: N818 - named after its cause
    """Raised by a probe. Callers of /readyz read its message."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a dependency; `probe` raises an error if the dependency is unavailable."""

    name: str
    probe: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of each check by name: "ok" or a short reason."""

    ok: bool
    results: Mapping[str, str]


def run_checks(checks: Iterable[Check]) -> Report:
    """Run every check, even after one has failed."""
    results = {check.name: _result(check) for check in checks}
    return Report(ok=all(result == OK for result in results.values()), results=results)


def wait_until_healthy(
    checks: Sequence[Check],
    *,
    timeout_seconds: float,
    report_change: Callable[[Report], None],
    interval_seconds: float = INTERVAL_SECONDS,
) -> Report:
    """Run the checks until all of them pass or the timeout expires, and return the last report.

    `report_change` gets the first failing report and each later one with other results, except after the timeout.
    """
    ends_at = time.monotonic() + timeout_seconds
    report, reported = run_checks(checks), None
    while not report.ok and (remaining := ends_at - time.monotonic()) > 0:
        if reported is None or report.results != reported.results:
            report_change(report)
            reported = report
        time.sleep(min(interval_seconds, remaining))
        report = run_checks(checks)
    return report


def _result(check: Check) -> str:
    try:
        check.probe()
    except Unhealthy as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - any error means unhealthy
        # A library's message may contain an address or a password, so it is logged and only its class is reported.
        # No traceback: /readyz is polled every few seconds.
        _log.warning("check %s failed: %s: %s", check.name, type(error).__name__, _first_line(error))
        return type(error).__name__
    return OK


def _first_line(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return (
            "a text that cannot be encoded"  # the message quotes a character, which may be part of a password
        )
    return next(iter(str(error).splitlines()), "")
