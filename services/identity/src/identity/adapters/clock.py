"""The system's clock."""

from datetime import UTC, datetime

from typing_extensions import override

from identity.usecases.ports.clock import Clock


class SystemClock(Clock):
    @override
    def now(self) -> datetime:
        return datetime.now(UTC)
