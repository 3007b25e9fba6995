"""How far a group has come, by the positions of events, and what the stream no longer has for it (EVT-6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from port_events._consumer.lag import GroupState, group_state
from port_events.group import position_of

if TYPE_CHECKING:
    from redis import Redis

    from port_events._consumer.dedupe import DedupeStore
    from port_events.group import Group


@dataclass(frozen=True, slots=True)
class Gap:
    """Events after a position that are to come from elsewhere: up to the one `before`, or, if None, all."""

    after: int
    before: int | None


class GroupPosition:
    """The position up to which every event was handled or set aside, by whichever member.

    It moves on only while the stream still has what follows it: then whatever lies between it and the group's oldest
    open entry was handed out and acknowledged. Where the stream begins later, something may have been trimmed
    unhandled, in the hands of a dead member too: that is a gap. Kept in memory as well, for a Redis that is wiped.
    """

    def __init__(self, client: Redis, group: Group, memory: DedupeStore, *, from_the_beginning: bool) -> None:
        """Where nothing is known yet, begin with the first event ever, or with the first that the stream has."""
        self._client, self._group, self._dedupe_store = client, group, memory
        self._from_the_beginning = from_the_beginning
        self._position: int | None = None
        self._complete: tuple[int, str] | None = None

    @property
    def current(self) -> int | None:
        """The position, None where nothing is known yet."""
        known = [each for each in (self._dedupe_store.position(), self._position) if each is not None]
        return max(known, default=None)

    def advance(self, position: int) -> None:
        """Move on to a position."""
        self._dedupe_store.advance(position)
        self._position = position

    def start_at_end(self) -> None:
        """Note that a new group begins at the stream's end."""
        standing = self._group_state()
        position = position_of(standing.last[1]) if standing.last else None
        if position is not None:
            self.advance(position)

    def check(self) -> Gap | None:
        """Move on as far as the group has come, or tell what it must get elsewhere first."""
        standing, reached = self._group_state(), self.current
        if standing.first is None:
            return None if self._complete == self._fingerprint(standing) else Gap(reached or 0, None)
        first = position_of(standing.first[1])
        if first is None:
            return None  # published by a relay that gives no positions
        if reached is None:
            reached = 0 if self._from_the_beginning else first - 1
        if first > reached + 1:
            return Gap(reached, first)
        self._advance_to_group(standing, reached)
        return None

    def first(self) -> int | None:
        """Return the position of the stream's first entry, None when it is empty."""
        first = self._group_state().first
        return position_of(first[1]) if first else None

    def fingerprint(self) -> tuple[int, str]:
        """Return what changes whenever something was published or lost."""
        return self._fingerprint(self._group_state())

    def mark_complete(self, sign: tuple[int, str]) -> None:
        """Note that nothing that was published until the sign was taken is missing, though the stream is empty."""
        self._complete = sign

    def _advance_to_group(self, standing: GroupState, reached: int) -> None:
        entry_id = standing.oldest_pending or standing.last_delivered
        fields = self._group.fetch(entry_id)
        position = position_of(fields) if fields else None
        if position is None:
            return
        handled = position - 1 if standing.oldest_pending else position
        if handled > reached:
            self.advance(handled)

    def _group_state(self) -> GroupState:
        group = self._group
        while (standing := group_state(self._client, group.stream, group.group)) is None:
            group.restore()
        return standing

    def _fingerprint(self, standing: GroupState) -> tuple[int, str]:
        return self._group.losses, standing.last_generated
