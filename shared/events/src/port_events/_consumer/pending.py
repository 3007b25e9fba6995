"""The entries that a member has read and not yet handled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from port_events.group import Fields, Group, RawEntry


class PendingEntries:
    """In order. `renew` tells the group that we are alive, and lets go of what a peer took for a dead member's."""

    def __init__(self, group: Group, claim_idle_ms: int) -> None:
        self._group = group
        self._claim_idle_ms = claim_idle_ms
        self._entries: dict[str, Fields] = {}
        self._renewed_at = 0.0

    @property
    def ids(self) -> list[str]:
        """What was not yet let go."""
        return list(self._entries)

    def replace(self, entries: list[RawEntry]) -> None:
        """Hold what was just read or taken over."""
        self._entries = dict(entries)
        self._renewed_at = time.monotonic()

    def drain(self) -> Iterator[RawEntry]:
        """Yield one after the other, and let it go when the next is asked for."""
        while self._entries:
            entry_id = next(iter(self._entries))
            yield entry_id, self._entries[entry_id]
            self._entries.pop(entry_id, None)

    def discard(self, entry_id: str) -> None:
        """Forget one that was handled, though nobody may ask for the next: it is not to be handed back."""
        self._entries.pop(entry_id, None)

    def renew(self) -> None:
        """Begin the idle time anew, when a third of it may be over. Raises what redis raises."""
        now = time.monotonic()
        idle_ms = (now - self._renewed_at) * 1000
        if not self._entries or idle_ms < self._claim_idle_ms / 3:
            return
        # A peer cannot have taken anything before `claim_idle_ms` were over; what it took has been idle for less.
        least_ms = max(0, int(idle_ms - self._claim_idle_ms / 2))
        for entry_id in self._group.renew(self.ids, least_ms):
            del self._entries[entry_id]
        self._renewed_at = now
