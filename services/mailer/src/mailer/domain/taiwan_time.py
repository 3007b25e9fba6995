"""Taiwan's time (UTC+8, without daylight saving time since 1979), and validities in whole units (VER-1)."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final, Literal

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
TAIWAN: Final = timezone(timedelta(hours=8), "Asia/Taipei")


def whole_units(validity: timedelta) -> tuple[int, Literal["days", "hours", "minutes"]]:
    """Return a validity in whole units, rounded down.

    It is first rounded to the minute, because the event is written shortly after its link is issued.
    """
    validity = round(validity / MINUTE) * MINUTE
    if validity >= 2 * DAY and validity % DAY == timedelta(0):
        return validity // DAY, "days"
    return (validity // HOUR, "hours") if validity >= HOUR else (validity // MINUTE, "minutes")
