"""Detects events that were trimmed from the stream before the group handled them, by the group's position (EVT-6)."""

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
    """The positions between `after` and `before`, both excluded, whose events the stream no longer contains.

    `before` is None if the stream is empty: then later events may exist.
    """

    after: int
    before: int | None


class GroupPosition:
    """The position up to which the group has no event left to handle.

    `find_gap` advances it only while the stream still contains the next event, because then all events before the
    group's oldest pending entry were delivered and acknowledged. If the stream starts later, there is a gap: entries,
    even pending entries of a dead member, may have been trimmed before they were handled. This process also remembers
    the position, in case Redis loses its data.
    """

    def __init__(
        self, client: Redis, group: Group, dedupe_store: DedupeStore, *, from_the_beginning: bool
    ) -> None:
        """`from_the_beginning`: a new group starts with the first event ever published, not with the stream's first."""
        self._client, self._group, self._dedupe_store = client, group, dedupe_store
        self._from_the_beginning = from_the_beginning
        self._position: int | None = None
        self._complete: tuple[int, str] | None = None

    @property
    def current(self) -> int | None:
        known = [each for each in (self._dedupe_store.position(), self._position) if each is not None]
        return max(known, default=None)

    def advance(self, position: int) -> None:
        self._dedupe_store.advance(position)
        self._position = position

    def start_at_end(self) -> None:
        """Start a new group at the position of the stream's last entry."""
        state = self._group_state()
        position = position_of(state.last[1]) if state.last else None
        if position is not None:
            self.advance(position)

    def find_gap(self) -> Gap | None:
        """Return the gap after the position. If there is none, advance the position to the group's progress."""
        state, current = self._group_state(), self.current
        if state.first is None:
            return None if self._complete == self._fingerprint(state) else Gap(current or 0, None)
        first = position_of(state.first[1])
        if first is None:
            return None  # without positions, no gap can be noticed
        if current is None:
            current = 0 if self._from_the_beginning else first - 1
        if first > current + 1:
            return Gap(current, first)
        self._advance_to_group(state, current)
        return None

    def fingerprint(self) -> tuple[int, str]:
        """Return a value that changes when an entry is appended, or this member notices that Redis lost the group."""
        return self._fingerprint(self._group_state())

    def mark_complete(self, fingerprint: tuple[int, str]) -> None:
        """Record that no event is missing at this fingerprint, although the stream is empty."""
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
