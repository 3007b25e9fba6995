"""A shared pause while the mail server is away: one attempt at a time asks whether it is back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mailer.domain.backoff import backoff_seconds
from mailer.domain.errors import ServerUnavailableError

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.usecases.ports import Clock

PROBE_SECONDS: Final = 5


class CircuitBreaker:
    """Longer with each failed attempt; safe between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until: datetime | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Tell whether the last attempt failed."""
        return self._until is not None

    def acquire(self) -> int:
        """Return a ticket when an attempt may be made; ServerAwayError while it should not be."""
        now = self._clock.now()
        with self._lock:
            if self._until is not None:
                if now < self._until:
                    raise ServerUnavailableError("waiting for the mail server", self._until)
                self._until = now + timedelta(seconds=PROBE_SECONDS)  # the others wait for this attempt
            return self._failures

    def record_failure(self, generation: int) -> datetime:
        """Note that the attempt of this ticket failed; return when the next may be made.

        Of attempts that began together one counts, so that eight threads do not make eight failures.
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
        """Note that the server answers."""
        if self._until is not None:
            with self._lock:
                self._failures, self._until = 0, None
