"""An operator's pause of the mail queue: the key `mailer:paused`, which every mailer polls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import as_text, format_rfc3339, parse_rfc3339
from port_runtime.logs import get_logger

from mailer.usecases.queue_stats import PauseState

if TYPE_CHECKING:
    import redis

PAUSED: Final = "mailer:paused"
log = get_logger("mailer.pause")


class RedisQueuePause:
    """The pause in Redis. `is_paused` sends no command; the other methods may raise redis.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._is_paused = False

    def is_paused(self) -> bool:
        """Return the result of the last poll; False before the first. Any thread may call it."""
        return self._is_paused

    def poll(self) -> bool:
        """Read the pause; return whether the queue was resumed since the last poll."""
        state = self.read()
        before, self._is_paused = self._is_paused, state is not None
        if state and not before:
            log.warning("queue_paused", since=format_rfc3339(state.since), reason=state.reason)
        if before and not state:
            log.warning("queue_resumed")
        return before and not self._is_paused

    def read(self) -> PauseState | None:
        """Return the pause, or None if the queue is not paused."""
        found: Any = self._client.get(PAUSED)
        if found is None:
            return None
        values = json.loads(as_text(found))
        return PauseState(parse_rfc3339(values["since"]), values["reason"])

    def pause(self, state: PauseState) -> bool:
        """Pause the queue. If it is already paused, keep the existing pause and return False."""
        record = json.dumps(
            {"since": format_rfc3339(state.since), "reason": state.reason}, ensure_ascii=False
        )
        return bool(self._client.set(PAUSED, record, nx=True))

    def resume(self) -> bool:
        """Resume the queue; return False if it was not paused."""
        return bool(self._client.delete(PAUSED))
