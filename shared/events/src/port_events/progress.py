"""How far a group has come, by the positions of events, and what the stream no longer has for it (EVT-6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from port_events.group import position_of
from port_events.standing import Standing, standing_of

if TYPE_CHECKING:
    from redis import Redis

    from port_events.group import Group
    from port_events.memory import Memory


@dataclass(frozen=True, slots=True)
class Gap:
    """Events after a position that are to come from elsewhere: up to the one `before`, or, if None, all."""

    after: int
    before: int | None


class Progress:
    """The position up to which every event was handled or set aside, by whichever member.

    It moves on only while the stream still has what follows it: then whatever lies between it and the group's oldest
    open entry was handed out and acknowledged. Where the stream begins later, something may have been trimmed
    unhandled, in the hands of a dead member too: that is a gap. Kept in memory as well, for a Redis that is wiped.
    """

    def __init__(self, client: Redis, group: Group, memory: Memory, *, from_the_beginning: bool) -> None:
        """Where nothing is known yet, begin with the first event ever, or with the first that the stream has."""
        self._client, self._group, self._memory = client, group, memory
        self._from_the_beginning = from_the_beginning
        self._reached: int | None = None
        self._whole: tuple[int, str] | None = None

    @property
    def reached(self) -> int | None:
        """The position, None where nothing is known yet."""
        known = [each for each in (self._memory.position(), self._reached) if each is not None]
        return max(known, default=None)

    def reach(self, position: int) -> None:
        """Move on to a position."""
        self._memory.reach(position)
        self._reached = position

    def begin_with_what_comes(self) -> None:
        """Note that a new group begins at the stream's end."""
        standing = self._standing()
        position = position_of(standing.last[1]) if standing.last else None
        if position is not None:
            self.reach(position)

    def look(self) -> Gap | None:
        """Move on as far as the group has come, or tell what it must get elsewhere first."""
        standing, reached = self._standing(), self.reached
        if standing.first is None:
            return None if self._whole == self._sign(standing) else Gap(reached or 0, None)
        first = position_of(standing.first[1])
        if first is None:
            return None  # published by a relay that gives no positions
        if reached is None:
            reached = 0 if self._from_the_beginning else first - 1
        if first > reached + 1:
            return Gap(reached, first)
        self._move_on(standing, reached)
        return None

    def first(self) -> int | None:
        """Return the position of the stream's first entry, None when it is empty."""
        first = self._standing().first
        return position_of(first[1]) if first else None

    def sign(self) -> tuple[int, str]:
        """Return what changes whenever something was published or lost."""
        return self._sign(self._standing())

    def note_whole(self, sign: tuple[int, str]) -> None:
        """Note that nothing that was published until the sign was taken is missing, though the stream is empty."""
        self._whole = sign

    def _move_on(self, standing: Standing, reached: int) -> None:
        entry_id = standing.oldest_pending or standing.last_delivered
        fields = self._group.fetch(entry_id)
        position = position_of(fields) if fields else None
        if position is None:
            return
        handled = position - 1 if standing.oldest_pending else position
        if handled > reached:
            self.reach(handled)

    def _standing(self) -> Standing:
        group = self._group
        while (standing := standing_of(self._client, group.stream, group.group)) is None:
            group.restore()
        return standing

    def _sign(self, standing: Standing) -> tuple[int, str]:
        return self._group.lost, standing.last_generated
