"""Records sent mails again after a failover or restart of Redis that may have lost their records (MAIL-3)."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.adapters.redis.connection import ThreadConnections

MAX_AGE_SECONDS: Final = 60.0  # longer than a demoted primary accepts writes, which are lost
SETTLE_SECONDS: Final = 3.0  # in this time, the other mailers reconnect and record their mails again
log = get_logger("mailer.ledger")


class FailoverRecovery:
    """Stores how to record sent mails, and records them again if Redis' replication id changes. Thread-safe."""

    def __init__(self, connections: ThreadConnections) -> None:
        self._connections = connections
        self._sent: deque[tuple[float, Callable[[], object]]] = deque()
        self._generation: int | None = None
        self._history: str | None = None
        self._settled_at = 0.0
        self._lock = threading.RLock()

    def add(self, record: Callable[[], object]) -> None:
        """Add a sent mail, which `record` records. It is kept for MAX_AGE_SECONDS, so it should be small."""
        now = time.monotonic()
        with self._lock:
            self._sent.append((now, record))
            while self._sent[0][0] < now - MAX_AGE_SECONDS:
                self._sent.popleft()

    def settle(self) -> float:
        """Record the stored mails again if Redis may have lost their records. Raises redis.RedisError.

        Return the seconds for which no mail may be claimed, because other mailers may not have done the same yet.
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
        for _, record in self._sent:
            record()
        self._settled_at = time.monotonic() + SETTLE_SECONDS
        log.warning("redis_may_lack_writes", recorded_again=len(self._sent))
