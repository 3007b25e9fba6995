"""The system clock."""

from __future__ import annotations

from datetime import UTC, datetime

from typing_extensions import override

from mailer.usecases.delivery_ports import Clock


class SystemClock(Clock):
    @override
    def now(self) -> datetime:
        return datetime.now(UTC)
