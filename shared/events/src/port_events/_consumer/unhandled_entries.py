"""The entries that a member has read but not yet handled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from port_events.consumer_group import Fields, Group, RawEntry


class UnhandledEntries:
    """Unhandled entries in order. `renew` resets their idle time and removes entries that others have claimed."""

    def __init__(self, group: Group, claim_idle_ms: int) -> None:
        self._group = group
        self._claim_idle_ms = claim_idle_ms
        self._entries: dict[str, Fields] = {}
        self._renewed_at = 0.0

    @property
    def ids(self) -> list[str]:
        return list(self._entries)

    def replace(self, entries: list[RawEntry]) -> None:
        """Replace all entries with entries that were read or claimed just now."""
        self._entries = dict(entries)
        self._renewed_at = time.monotonic()

    def drain(self) -> Iterator[RawEntry]:
        """Yield each entry, and remove it when the next entry is requested."""
        while self._entries:
            entry_id = next(iter(self._entries))
            yield entry_id, self._entries[entry_id]
            self._entries.pop(entry_id, None)

    def discard(self, entry_id: str) -> None:
        """Remove a handled entry, which `drain` removes only when the next entry is requested."""
        self._entries.pop(entry_id, None)

    def renew(self) -> None:
        """Once a third of `claim_idle_ms` has passed since they were last renewed, renew the entries.

        Raises redis.RedisError.
        """
        now = time.monotonic()
        idle_ms = (now - self._renewed_at) * 1000
        if not self._entries or idle_ms < self._claim_idle_ms / 3:
            return
        # Another member claims an entry only after `claim_idle_ms`. The idle time of an entry that it has claimed is
        # below `min_idle_ms`, so XCLAIM does not take the entry back.
        min_idle_ms = max(0, int(idle_ms - self._claim_idle_ms / 2))
        for entry_id in self._group.renew(self.ids, min_idle_ms):
            del self._entries[entry_id]
        self._renewed_at = now
