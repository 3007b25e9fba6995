"""The mails that this process has sent recently, whose records a restart or failover of Redis may lose (MAIL-3)."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.adapters.redis.connection import ThreadConnections

KEPT_SECONDS: Final = 60.0  # longer than a demoted primary accepts writes that are later lost
SETTLE_SECONDS: Final = 3.0  # all mailers reconnect and record again within this time
log = get_logger("mailer.ledger")


@dataclass(frozen=True, slots=True)
class CompletedMail:
    """A mail with an outcome; `at` is its time in RFC 3339."""

    event_id: str
    entry_id: str
    at: str


class FailoverRecovery:
    """Records the mails of the last minute again when Redis continues from older data. Thread-safe."""

    def __init__(self, connections: ThreadConnections, record: Callable[[CompletedMail], None]) -> None:
        self._connections, self._record = connections, record
        self._sent: deque[tuple[float, CompletedMail]] = deque()
        self._generation: int | None = None
        self._history: str | None = None
        self._settled_at = 0.0
        self._lock = threading.RLock()

    def add(self, mail: CompletedMail) -> None:
        """Store a sent mail for a minute."""
        now = time.monotonic()
        with self._lock:
            self._sent.append((now, mail))
            while self._sent[0][0] < now - KEPT_SECONDS:
                self._sent.popleft()

    def settle(self) -> float:
        """Record the mails again if necessary; return the seconds during which no mail may be claimed.

        During this time the other mailers record their sent mails again. Raises redis.RedisError.
        """
        with self._lock:
            generation = self._connections.generation()
            if generation != self._generation:
                history = self._connections.history()
                if self._history not in {None, history}:
                    self._record_again()
                self._generation, self._history = generation, history
            return max(self._settled_at - time.monotonic(), 0)

    def _record_again(self) -> None:
        for _, mail in self._sent:
            self._record(mail)
        self._settled_at = time.monotonic() + SETTLE_SECONDS
        log.warning("redis_may_lack_writes", recorded_again=len(self._sent))
