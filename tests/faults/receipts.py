"""Records when each receipt was written to Redis."""

import threading

from port_events.envelope import RECEIPTS, as_text
from redis.exceptions import RedisError

from tests.support.servers.redis import RedisServer

_POLL_SECONDS = 0.1
_AT_ONCE = 1000


class ReceiptLog:
    """Reads the stream of receipts over its own connection, and continues after outages."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis
        self._given: dict[str, int] = {}
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="receipts", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._leaving.set()
        self._thread.join(timeout=10)

    def written_at_ms(self) -> dict[str, int]:
        """Return the time in Unix milliseconds of the first receipt of each event, from its stream id."""
        return dict(self._given)

    def _follow(self) -> None:
        last = "0-0"
        with self._redis.client(socket_timeout=5) as client:
            while not self._leaving.wait(_POLL_SECONDS):
                try:
                    entries = client.xrange(RECEIPTS, f"({last}", count=_AT_ONCE)
                except (RedisError, OSError):
                    continue
                for entry_id, fields in entries:
                    last = as_text(entry_id)
                    event_id = as_text(fields.get(b"event_id", b""))
                    self._given.setdefault(event_id, int(last.partition("-")[0]))
