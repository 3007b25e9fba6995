"""A shared pause while the mail server is away: one attempt at a time asks whether it is back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mailer.domain.errors import ServerAwayError
from mailer.domain.waits import wait_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.usecases.ports import Clock

PROBE_SECONDS: Final = 5


class Pause:
    """Longer with each failed attempt; safe between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until: datetime | None = None
        self._lock = threading.Lock()

    @property
    def is_on(self) -> bool:
        """Tell whether the last attempt failed."""
        return self._until is not None

    def respect(self) -> int:
        """Return a ticket when an attempt may be made; ServerAwayError while it should not be."""
        now = self._clock.now()
        with self._lock:
            if self._until is not None:
                if now < self._until:
                    raise ServerAwayError("waiting for the mail server", self._until)
                self._until = now + timedelta(seconds=PROBE_SECONDS)  # the others wait for this attempt
            return self._failures

    def begin(self, ticket: int) -> datetime:
        """Note that the attempt of this ticket failed; return when the next may be made.

        Of attempts that began together one counts, so that eight threads do not make eight failures.
        """
        now = self._clock.now()
        with self._lock:
            if self._until is None or ticket == self._failures:
                self._until = now + timedelta(seconds=wait_seconds("server_away", ticket + 1, chance=0))
                self._failures = ticket + 1
            return self._until

    def end(self) -> None:
        """Note that the server answers."""
        if self._until is not None:
            with self._lock:
                self._failures, self._until = 0, None
