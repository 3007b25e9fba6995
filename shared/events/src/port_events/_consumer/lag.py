"""Where a stream and a group in it stand, asked of Redis in one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from port_events.envelope import as_text
from port_events.group import position_of

if TYPE_CHECKING:
    from redis import Redis

    from port_events.group import Group, RawEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupState:
    """`unread` is how many entries Redis counts before the group, None where it cannot tell."""

    first: RawEntry | None
    last: RawEntry | None
    last_generated: str
    last_delivered: str
    pending: int
    oldest_pending: str | None
    unread: int | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind.

    `entries`: not yet handled, those in somebody's hands included. `seconds`: since the oldest of them was
    published; 0 when there is none.
    """

    entries: int
    seconds: float


def group_state(client: Redis, stream: str, group: str) -> GroupState | None:
    """Return it, or None where stream or group are not there. Raises what redis raises."""
    with client.pipeline(transaction=True) as at_once:
        at_once.xinfo_stream(stream)
        at_once.xinfo_groups(stream)
        at_once.xpending(stream, group)
        answers: list[Any] = at_once.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, ResponseError) and _missing(answer):
            return None
        if isinstance(answer, Exception):
            raise answer
    of_stream, of_groups, of_pending = answers
    mine = next(each for each in of_groups if as_text(each["name"]) == group)
    return GroupState(
        first=_entry(of_stream["first-entry"]),
        last=_entry(of_stream["last-entry"]),
        last_generated=as_text(of_stream["last-generated-id"]),
        last_delivered=as_text(mine["last-delivered-id"]),
        pending=int(of_pending["pending"]),
        oldest_pending=as_text(of_pending["min"]) if of_pending["min"] else None,
        unread=mine.get("lag"),
    )


def group_lag(client: Redis, group: Group) -> Lag:
    """Return how far the group is behind; cheap, and from any thread. Raises what redis raises."""
    standing = group_state(client, group.stream, group.group)
    if standing is None:
        return Lag(0, 0.0)
    next_entry: Any = client.xrange(group.stream, f"({standing.last_delivered}", count=1)
    unread = standing.unread if standing.unread is not None else _unread(standing, group)
    oldest = [as_text(entry_id) for entry_id, _ in next_entry[:1]]
    if standing.oldest_pending:
        oldest.append(standing.oldest_pending)
    return Lag(standing.pending + unread, _age(client, min(map(_milliseconds, oldest))) if oldest else 0.0)


def _unread(standing: GroupState, group: Group) -> int:
    """Count by positions, which have no gaps, where Redis cannot tell; the least that can be where they cannot."""
    if standing.last is None or standing.last_generated == standing.last_delivered:
        return 0
    delivered = group.fetch(standing.last_delivered)
    first, newest = standing.first, position_of(standing.last[1])
    reached = position_of(delivered) if delivered else (position_of(first[1]) or 1) - 1 if first else None
    return 1 if newest is None or reached is None else max(newest - reached, 0)


def _age(client: Redis, published_ms: int) -> float:
    seconds, microseconds = client.time()
    return max(seconds + microseconds / 1e6 - published_ms / 1000, 0.0)


def _milliseconds(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])


def _missing(error: ResponseError) -> bool:
    return "no such key" in str(error) or "NOGROUP" in str(error)


def _entry(answer: Any) -> RawEntry | None:
    return None if not answer else (as_text(answer[0]), answer[1])
