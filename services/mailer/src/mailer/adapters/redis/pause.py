"""An operator's pause of the whole mail queue: the key `mailer:paused`, which every mailer looks at (MAIL-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import as_text, format_rfc3339, parse_rfc3339
from port_runtime.logs import get_logger

from mailer.usecases.queue_stats import PauseState

if TYPE_CHECKING:
    import redis

PAUSED: Final = "mailer:paused"
log = get_logger("mailer.hold")


class RedisQueuePause:
    """See `mailer.usecases.intake_ports.Hold`; `is_on` from any thread, the others raise what redis raises."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._is_paused = False

    def is_paused(self) -> bool:
        """Tell whether it was on at the last look; asks nobody."""
        return self._is_paused

    def poll(self) -> bool:
        """Ask Redis; return whether the queue goes on since this look."""
        held = self.read()
        before, self._is_paused = self._is_paused, held is not None
        if held and not before:
            log.warning("queue_paused", since=format_rfc3339(held.since), reason=held.reason)
        if before and not held:
            log.warning("queue_resumed")
        return before and not self._is_paused

    def read(self) -> PauseState | None:
        """Return the pause; None when there is none."""
        found: Any = self._client.get(PAUSED)
        if found is None:
            return None
        values = json.loads(as_text(found))
        return PauseState(parse_rfc3339(values["since"]), values["reason"])

    def pause(self, state: PauseState) -> bool:
        """Pause; False when it is paused already: the first pause stays as it is."""
        record = json.dumps(
            {"since": format_rfc3339(state.since), "reason": state.reason}, ensure_ascii=False
        )
        return bool(self._client.set(PAUSED, record, nx=True))

    def resume(self) -> bool:
        """Resume; False when it was not paused."""
        return bool(self._client.delete(PAUSED))
