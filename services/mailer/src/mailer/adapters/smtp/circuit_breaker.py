"""A circuit breaker: while the mail server is unavailable, only one attempt at a time may probe it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mailer.domain.backoff import backoff_seconds
from mailer.domain.errors import ServerUnavailableError

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.usecases.delivery_ports import Clock

PROBE_SECONDS: Final = 5  # after this time without a result of the probe, another may start


class CircuitBreaker:
    """A thread-safe circuit breaker, which stays open longer after each failed attempt, up to 15 seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until: datetime | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """True from a failed attempt until one succeeds."""
        return self._until is not None

    def acquire(self) -> int:
        """Return the generation of a new attempt. Raises ServerUnavailableError while no attempt may start."""
        now = self._clock.now()
        with self._lock:
            if self._until is not None:
                if now < self._until:
                    raise ServerUnavailableError("waiting for the mail server", self._until)
                self._until = now + timedelta(seconds=PROBE_SECONDS)  # meanwhile other threads may not probe
            return self._failures

    def record_failure(self, generation: int) -> datetime:
        """Open the breaker, and return the time at which the next attempt may start.

        Only the first failure of a generation counts, so that attempts of several threads at once count as one.
        """
        now = self._clock.now()
        with self._lock:
            if self._until is None or generation == self._failures:
                self._until = now + timedelta(
                    seconds=backoff_seconds("server_away", generation + 1, fraction=0)
                )
                self._failures = generation + 1
            return self._until

    def record_success(self) -> None:
        if self._until is not None:
            with self._lock:
                self._failures, self._until = 0, None
