"""Is a process fit to work? Asked by /readyz and by the commands `identity check` and `mailer check`."""

from __future__ import annotations

import logging
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


def run(checks: Iterable[Check]) -> Report:
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
