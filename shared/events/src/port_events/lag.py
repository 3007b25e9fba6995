"""The lag of consumer groups behind their stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from port_events.consumer_group import position_of
from port_events.envelope import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from port_events.consumer_group import Group, RawEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLag:
    """The lag of a group: `unread` counts undelivered entries, `pending` delivered but unacknowledged entries.

    `unread` is None if Redis cannot count it. `oldest_seconds` is the age of the oldest pending entry, else of the next
    unread entry, else 0.
    """

    group: str
    unread: int | None
    pending: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Lag:
    """The number of pending and unread entries; the age of the oldest pending, else of the next unread entry, or 0."""

    entries: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupState:
    """The state of a stream and a group, read in one transaction.

    `last_generated`, `last_delivered` and `oldest_pending` are entry IDs. `unread` is None if Redis cannot count it.
    """

    first: RawEntry | None
    last: RawEntry | None
    last_generated: str
    last_delivered: str
    pending: int
    oldest_pending: str | None
    unread: int | None


def group_lags(client: Redis, stream: str) -> Iterator[GroupLag]:
    """Yield the lag of every group, sorted by name; yield nothing if the stream does not exist.

    The cost does not depend on the length of the stream. Raises redis.RedisError.
    """
    try:
        groups: Any = client.xinfo_groups(stream)
    except ResponseError as error:
        if not _is_missing(error):
            raise
        return
    for name, info in sorted((as_text(info["name"]), info) for info in groups):
        pending: Any = client.xpending(stream, name) if info["pending"] else {"min": None}
        yield GroupLag(
            group=name,
            unread=info.get("lag"),
            pending=int(info["pending"]),
            oldest_seconds=_oldest_seconds(client, stream, pending["min"], info["last-delivered-id"]),
        )


def consumer_lag(client: Redis, group: Group) -> Lag:
    """Return the lag of one group. If Redis cannot count unread entries, their number is derived from positions.

    The lag of a missing group is 0. Any thread may call this. Raises redis.RedisError.
    """
    state = group_state(client, group.stream, group.group)
    if state is None:
        return Lag(0, 0.0)
    unread = state.unread if state.unread is not None else _unread_by_position(state, group)
    seconds = _oldest_seconds(client, group.stream, state.oldest_pending, state.last_delivered)
    return Lag(state.pending + unread, seconds)


def group_state(client: Redis, stream: str, group: str) -> GroupState | None:
    """Return None if the stream or the group does not exist. Raises redis.RedisError."""
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xinfo_stream(stream)
        pipeline.xinfo_groups(stream)
        pipeline.xpending(stream, group)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, ResponseError) and _is_missing(answer):
            return None
        if isinstance(answer, Exception):
            raise answer
    of_stream, of_groups, of_pending = answers
    info = next(each for each in of_groups if as_text(each["name"]) == group)
    return GroupState(
        first=_entry(of_stream["first-entry"]),
        last=_entry(of_stream["last-entry"]),
        last_generated=as_text(of_stream["last-generated-id"]),
        last_delivered=as_text(info["last-delivered-id"]),
        pending=int(of_pending["pending"]),
        oldest_pending=as_text(of_pending["min"]) if of_pending["min"] else None,
        unread=info.get("lag"),
    )


def _unread_by_position(state: GroupState, group: Group) -> int:
    """Count unread entries by their positions, which have no gaps; return 1 if a needed position is missing."""
    if state.last is None or state.last_generated == state.last_delivered:
        return 0
    delivered = group.fetch(state.last_delivered)
    first, newest = state.first, position_of(state.last[1])
    reached = position_of(delivered) if delivered else (position_of(first[1]) or 1) - 1 if first else None
    return 1 if newest is None or reached is None else max(newest - reached, 0)


def _oldest_seconds(
    client: Redis, stream: str, oldest_pending: bytes | str | None, last_delivered: bytes | str
) -> float:
    """Return the age (by Redis' clock) of the oldest pending entry, or else of the next unread entry."""
    oldest = oldest_pending
    if oldest is None:
        unread: Any = client.xrange(stream, f"({as_text(last_delivered)}", count=1)
        oldest = unread[0][0] if unread else None
    if oldest is None:
        return 0.0
    seconds, microseconds = client.time()
    published_ms = int(as_text(oldest).partition("-")[0])
    return max(seconds + microseconds / 1e6 - published_ms / 1000, 0.0)


def _is_missing(error: ResponseError) -> bool:
    return "no such key" in str(error) or "NOGROUP" in str(error)


def _entry(answer: Any) -> RawEntry | None:
    return None if not answer else (as_text(answer[0]), answer[1])
