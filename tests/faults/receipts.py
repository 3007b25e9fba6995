"""When each receipt came into Redis: what tells an answer that was never noted from a mail sent twice."""

import threading

from port_events.envelope import RECEIPTS, as_text
from redis.exceptions import RedisError

from tests.support.servers.redis import RedisServer

_LOOK_SECONDS = 0.1
_AT_ONCE = 1000


class ReceiptWatch:
    """Follows the mailers' receipts by a connection of its own, through every outage."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis
        self._given: dict[str, int] = {}
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="receipts", daemon=True)

    def start(self) -> None:
        """Follow in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._leaving.set()
        self._thread.join(timeout=10)

    def given(self) -> dict[str, int]:
        """Return when the first receipt of each event was written: the whole millisecond (Unix) in Redis' own note."""
        return dict(self._given)

    def _follow(self) -> None:
        last = "0-0"
        with self._redis.client(socket_timeout=5) as client:
            while not self._leaving.wait(_LOOK_SECONDS):
                try:
                    entries = client.xrange(RECEIPTS, f"({last}", count=_AT_ONCE)
                except (RedisError, OSError):
                    continue
                for entry_id, fields in entries:
                    last = as_text(entry_id)
                    event_id = as_text(fields.get(b"event_id", b""))
                    self._given.setdefault(event_id, int(last.partition("-")[0]))
