"""A member of a consumer group of a Redis Stream."""

from __future__ import annotations

import os
import re
import secrets
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from redis.exceptions import ResponseError

from port_events.envelope import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

Fields: TypeAlias = "dict[bytes | str, bytes | str]"
RawEntry: TypeAlias = "tuple[str, Fields]"

# A year, longer than any idle time after which members claim entries: released entries are claimed at once.
RELEASED_IDLE_MS: Final = 365 * 86_400_000
RELEASED_CONSUMER: Final = "handed-back"
CLIENT_TIMEOUT_SECONDS: Final = 5.0  # redis-py 8's default socket time-out
MAX_BLOCK_SHARE: Final = 0.9
SERVER_DELAY_MS: Final = 400  # Redis checks blocked clients ten times a second
NO_LIMIT_MS: Final = 86_400_000
_SEEK_BATCH: Final = 1_000
_FIRST_ID: Final = "0-0"
_POSITION = re.compile(rb"[0-9]{1,18}")


def position_of(fields: Fields) -> int | None:
    """Return an entry's position in the feed, or None if it has no valid position."""
    raw = fields.get(b"position") or fields.get("position") or b""
    digits = _POSITION.fullmatch(raw if isinstance(raw, bytes) else raw.encode())
    return int(digits[0]) if digits else None


def member_name() -> str:
    """Return a unique name.

    The random part distinguishes a restarted container, which has the same host name and process ID as before.
    """
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Group:
    """Reads, claims and acknowledges entries for one member of a group.

    Works with RESP2 and RESP3, and with clients that decode responses or not. Every method may raise redis.RedisError.
    A Group belongs to one thread; any thread may call `create`, `fetch` and `pending`. `losses` counts calls of
    `restore`.
    """

    def __init__(self, client: Redis, stream: str, group: str, name: str) -> None:
        self._client = client
        self._cursor = _FIRST_ID
        self._max_block_ms = _max_block_ms(client)
        self.stream = stream
        self.group = group
        self.name = name
        self.losses = 0

    def create(self, start: str = "0") -> bool:
        """Create the group if it does not exist; return whether it was created.

        With `start` "0" the group reads all entries still in the stream, with "$" only new entries.
        """
        try:
            self._client.xgroup_create(self.stream, self.group, id=start, mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
            return False
        return True

    def restore(self) -> None:
        """Create the group again after Redis lost its data. It then reads the stream from the start."""
        self.create("0")
        self.losses += 1

    def reset_to(self, position: int) -> None:
        """Create the group again, to read the entries after `position`. Its pending entries are no longer pending."""
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.xgroup_create(self.stream, self.group, id="0", mkstream=True)
            pipeline.xgroup_destroy(self.stream, self.group)
            pipeline.xgroup_create(self.stream, self.group, id=self._last_up_to(position))
            for answer in pipeline.execute(raise_on_error=False):
                if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
                    raise answer

    def read(self, count: int, block_ms: int) -> list[RawEntry]:
        """Return up to `count` new entries, after waiting up to `block_ms` for the first (0: no wait).

        The wait ends before the client's socket time-out. Creates the group again if Redis lost it.
        """
        block_ms = min(block_ms, self._max_block_ms)
        with _ignore_missing_group():
            return _entries_of(self._read(count, block_ms or None))
        self.restore()
        return _entries_of(self._read(count, block_ms or None))

    def claim_stale(self, idle_ms: int, count: int) -> list[RawEntry]:
        """Claim up to `count` pending entries whose idle time is at least `idle_ms`.

        Each call continues the scan of the pending list where the last call stopped.
        """
        with _ignore_missing_group():
            cursor, claimed, *_ = self._client.xautoclaim(
                self.stream, self.group, self.name, idle_ms, start_id=self._cursor, count=count
            )
            self._cursor = as_text(cursor)
            return _texts(claimed)
        self._cursor = _FIRST_ID
        self.restore()
        return []

    def claim_next(self, idle_ms: int, count: int) -> list[RawEntry]:
        """Claim like `claim_stale`, but scan the whole pending list before returning an empty list.

        Each XAUTOCLAIM scans a limited number of entries, and the last scan may have ended in the middle of the list.
        """
        ends = 1 if self._cursor == _FIRST_ID else 2
        while ends:
            if stale := self.claim_stale(idle_ms, count):
                return stale
            ends -= self._cursor == _FIRST_ID
        return []

    def take_over(self, idle_ms: int) -> tuple[RawEntry, int] | None:
        """Claim an entry whose idle time is at least `idle_ms`; return it with its delivery count, or None.

        Only one entry is claimed, so that the delivery counts of entries that wait behind it do not increase.
        """
        stale = self.claim_next(idle_ms, 1)
        return (stale[0], self._times_delivered(stale[0][0])) if stale else None

    def own_pending(self) -> tuple[RawEntry, int] | None:
        """Return the oldest entry pending under this member's name, with its delivery count, or None.

        At the start, such an entry is from a killed process of the same name. Trimmed entries are acknowledged.
        """
        while entries := self._read_own_pending():
            entry_id, fields = entries[0]
            if fields:
                return entries[0], self._times_delivered(entry_id)
            self.ack(entry_id)
        return None

    def redeliver(self, entry_id: str) -> None:
        """Increment the delivery count of one of this member's entries and reset its idle time."""
        self._claim(0, [entry_id], counting=True)

    def renew(self, ids: list[str], idle_ms: int) -> set[str]:
        """Reset the idle time of this member's entries; return the ids of entries that another member has claimed.

        `idle_ms` must be less than the entries' idle time, but more than that of an entry that another member has
        claimed since.
        """
        doubtful = set(ids).difference(self._claim(idle_ms, ids, counting=False))
        return {entry_id for entry_id in doubtful if self._is_held_by_peer(entry_id)}

    def ack(self, *ids: str) -> int:
        """Acknowledge entries; return the number of those that were pending."""
        return self._client.xack(self.stream, self.group, *ids) if ids else 0

    def pending(self) -> int:
        """Return the number of pending entries of all members."""
        return int(self._client.xpending(self.stream, self.group)["pending"])

    def fetch(self, entry_id: str) -> Fields | None:
        """Return the fields of an entry, or None if it is no longer in the stream."""
        found = _texts(cast("list[Any]", self._client.xrange(self.stream, entry_id, entry_id)))
        return found[0][1] if found else None

    def leave(self, *unhandled: str, keep_name: bool = False) -> None:
        """Release the given entries, so that any member can claim them at once, then leave the group.

        Use `keep_name` if the next process has the same name, because it may already be reading.
        """
        if unhandled:
            self.release(*unhandled)
        if keep_name:
            return
        # Deleting a consumer drops its pending entries, so delete it only when it has none.
        if not self._client.xpending_range(self.stream, self.group, "-", "+", 1, consumername=self.name):
            self._client.xgroup_delconsumer(self.stream, self.group, self.name)

    def release(self, *ids: str, **options: Any) -> list[Any]:
        """Let any member claim these entries at once; return those that exist. `options` are those of XCLAIM."""
        released: list[Any] = self._client.xclaim(
            self.stream,
            self.group,
            RELEASED_CONSUMER,
            min_idle_time=0,
            message_ids=list(ids),
            idle=RELEASED_IDLE_MS,
            justid=True,  # does not count as a delivery
            **options,
        )
        return released

    def _claim(self, idle_ms: int, ids: list[str], *, counting: bool) -> list[str]:
        with _ignore_missing_group():
            claimed: Any = self._client.xclaim(
                self.stream, self.group, self.name, idle_ms, list(ids), justid=not counting
            )
            return [as_text(each[0] if counting else each) for each in claimed]
        return []

    def _read_own_pending(self) -> list[RawEntry]:
        with _ignore_missing_group():
            return _entries_of(self._read(1, None, after=_FIRST_ID))
        return []

    def _times_delivered(self, entry_id: str) -> int:
        found = self._pending_entry(entry_id)
        return int(found["times_delivered"]) if found else 1

    def _is_held_by_peer(self, entry_id: str) -> bool:
        found = self._pending_entry(entry_id)
        return found is not None and as_text(found["consumer"]) != self.name

    def _pending_entry(self, entry_id: str) -> Any:
        with _ignore_missing_group():
            found: Any = self._client.xpending_range(self.stream, self.group, entry_id, entry_id, 1)
            return found[0] if found else None
        return None

    def _last_up_to(self, position: int) -> str:
        """Return the ID of the last entry before the first whose position is greater, or "0-0" if there is none."""
        last = _FIRST_ID
        while True:
            page = _texts(cast("list[Any]", self._client.xrange(self.stream, f"({last}", count=_SEEK_BATCH)))
            for entry_id, fields in page:
                if (position_of(fields) or 0) > position:
                    return last
                last = entry_id
            if not page:
                return last

    def _read(self, count: int, block_ms: int | None, *, after: str = ">") -> Any:
        return self._client.xreadgroup(
            self.group, self.name, {self.stream: after}, count=count, block=block_ms
        )


@contextmanager
def _ignore_missing_group() -> Iterator[None]:
    """Ignore NOGROUP: the stream or the group does not exist, for example because Redis lost its data."""
    try:
        yield
    except ResponseError as error:
        if "NOGROUP" not in str(error):
            raise


def _max_block_ms(client: Redis) -> int:
    timeout_seconds = client.connection_pool.connection_kwargs.get("socket_timeout", CLIENT_TIMEOUT_SECONDS)
    if timeout_seconds is None:
        return NO_LIMIT_MS
    return max(1, int(timeout_seconds * 1000 * MAX_BLOCK_SHARE) - SERVER_DELAY_MS)


def _entries_of(answer: Any) -> list[RawEntry]:
    if not answer:
        return []
    # RESP2: [[stream, entries]]; RESP3: {stream: [entries]} or {stream: entries}.
    if not isinstance(answer, dict):
        return _texts(answer[0][1])
    entries = next(iter(answer.values()))
    return _texts(entries[0] if entries and isinstance(entries[0], list) else entries)


def _texts(entries: list[Any]) -> list[RawEntry]:
    # A pending entry that was trimmed has no fields; XAUTOCLAIM before Redis 7.0 returns nil instead of the entry.
    return [(as_text(entry_id), fields or {}) for entry_id, fields in entries if entry_id is not None]
