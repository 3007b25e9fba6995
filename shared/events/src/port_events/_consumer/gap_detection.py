"""A group's position among all events, and gaps between the position and the stream (EVT-6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from port_events.consumer_group import position_of
from port_events.lag import GroupState, group_state

if TYPE_CHECKING:
    from redis import Redis

    from port_events._consumer.dedupe import DedupeStore
    from port_events.consumer_group import Group


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing events in the stream: between the positions `after` and `before`, or all later ones without `before`."""

    after: int
    before: int | None


class GroupPosition:
    """The position up to which the group has handled or dead-lettered every event.

    It advances only while the stream still contains the next event, because then all events before the group's oldest
    pending entry were delivered and acknowledged. If the stream starts later, there is a gap: entries, even pending
    entries of a dead member, may have been trimmed before they were handled. This process also remembers the position,
    in case Redis loses its data.
    """

    def __init__(
        self, client: Redis, group: Group, dedupe_store: DedupeStore, *, from_the_beginning: bool
    ) -> None:
        """Without a stored position, start at the first event ever published or at the stream's first event."""
        self._client, self._group, self._dedupe_store = client, group, dedupe_store
        self._from_the_beginning = from_the_beginning
        self._position: int | None = None
        self._complete: tuple[int, str] | None = None

    @property
    def current(self) -> int | None:
        """The position, or None if the group has none yet."""
        known = [each for each in (self._dedupe_store.position(), self._position) if each is not None]
        return max(known, default=None)

    def advance(self, position: int) -> None:
        """Store a position."""
        self._dedupe_store.advance(position)
        self._position = position

    def start_at_end(self) -> None:
        """Set the position of a new group that reads only new entries."""
        state = self._group_state()
        position = position_of(state.last[1]) if state.last else None
        if position is not None:
            self.advance(position)

    def find_gap(self) -> Gap | None:
        """Advance the position to the group's progress, or return the gap that must be filled first."""
        state, current = self._group_state(), self.current
        if state.first is None:
            return None if self._complete == self._fingerprint(state) else Gap(current or 0, None)
        first = position_of(state.first[1])
        if first is None:
            return None  # published by a relay that assigns no positions
        if current is None:
            current = 0 if self._from_the_beginning else first - 1
        if first > current + 1:
            return Gap(current, first)
        self._advance_to_group(state, current)
        return None

    def fingerprint(self) -> tuple[int, str]:
        """Return a value that changes when an event is published or Redis loses its data."""
        return self._fingerprint(self._group_state())

    def mark_complete(self, fingerprint: tuple[int, str]) -> None:
        """Record that all events published before this fingerprint were handled, although the stream is empty."""
        self._complete = fingerprint

    def _advance_to_group(self, state: GroupState, current: int) -> None:
        entry_id = state.oldest_pending or state.last_delivered
        fields = self._group.fetch(entry_id)
        position = position_of(fields) if fields else None
        if position is None:
            return
        handled = position - 1 if state.oldest_pending else position
        if handled > current:
            self.advance(handled)

    def _group_state(self) -> GroupState:
        group = self._group
        while (state := group_state(self._client, group.stream, group.group)) is None:
            group.restore()
        return state

    def _fingerprint(self, state: GroupState) -> tuple[int, str]:
        return self._group.losses, state.last_generated
