"""A consumer group of a Redis Stream, as one of its members sees it."""

from __future__ import annotations

import os
import re
import secrets
import socket
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from redis.exceptions import ResponseError

from port_events.envelope import as_text

if TYPE_CHECKING:
    from redis import Redis

Fields: TypeAlias = "dict[bytes | str, bytes | str]"
RawEntry: TypeAlias = "tuple[str, Fields]"

# Idle for a year: at the head of what is stale, whatever "stale" means to the peer that claims next.
RELEASED_IDLE_MS: Final = 365 * 86_400_000
RELEASED_CONSUMER: Final = "handed-back"
CLIENT_TIMEOUT_SECONDS: Final = 5.0  # redis-py 8 waits no longer for an answer, unless told
MAX_BLOCK_SHARE: Final = 0.9
SERVER_DELAY_MS: Final = 400  # a server looks at its waiting clients ten times a second
NO_LIMIT_MS: Final = 86_400_000
_SEEK_BATCH: Final = 1_000
_FIRST_ID: Final = "0-0"
_POSITION = re.compile(rb"[0-9]{1,18}")


def position_of(fields: Fields) -> int | None:
    """Read an entry's place in the feed; None where it has none, or none that makes sense."""
    octets = fields.get(b"position") or fields.get("position") or b""
    digits = _POSITION.fullmatch(octets if isinstance(octets, bytes) else octets.encode())
    return int(digits[0]) if digits else None


def member_name() -> str:
    """Return a name no other process has: host, process id (1 in every container), and a random part."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Group:
    """What a member of a group does: read, claim what the dead left, acknowledge.

    The client may decode its answers or not, and may speak RESP2 or RESP3. All methods raise what redis
    raises; one Group belongs to one thread. `lost` counts how often the group was gone: Redis lost its data.
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
        """Make the group if it is not there, from "0", what the stream still holds, or "$", what comes.

        Tells whether it was made.
        """
        try:
            self._client.xgroup_create(self.stream, self.group, id=start, mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
            return False
        return True

    def restore(self) -> None:
        """Make the group again where Redis lost its data: what is given to it again is read from the start.

        Repeats are known by id. `lost` counts how often that was so.
        """
        self.create("0")
        self.losses += 1

    def reset_to(self, position: int) -> None:
        """Make the group anew, to be given what comes after the position; what its members hold is dropped."""
        with self._client.pipeline(transaction=True) as both:
            both.xgroup_create(self.stream, self.group, id="0", mkstream=True)
            both.xgroup_destroy(self.stream, self.group)
            both.xgroup_create(self.stream, self.group, id=self._last_up_to(position))
            for answer in both.execute(raise_on_error=False):
                if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
                    raise answer

    def read(self, count: int, block_ms: int) -> list[RawEntry]:
        """Return up to `count` new entries; waits `block_ms` for the first one (0: does not wait).

        Waits less when the client would take the silence for a fault.
        """
        block_ms = min(block_ms, self._max_block_ms)
        try:
            answer = self._read(count, block_ms or None)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.restore()
            answer = self._read(count, block_ms or None)
        return _entries_of(answer)

    def claim_stale(self, idle_ms: int, count: int) -> list[RawEntry]:
        """Take over up to `count` entries that a member has held for `idle_ms` without acknowledging them.

        Goes on where the last call stopped, so that calling it again and again sees all of them.
        """
        try:
            answer = self._client.xautoclaim(
                self.stream, self.group, self.name, idle_ms, start_id=self._cursor, count=count
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._cursor = _FIRST_ID
            self.restore()
            return []
        cursor, claimed = answer[:2]
        self._cursor = as_text(cursor)
        return _texts(claimed)

    def claim_next(self, idle_ms: int, count: int) -> list[RawEntry]:
        """Take over as `claim_stale` does, and look on while it finds none: none means that the whole group has none.

        Redis looks at so many at once only, and the last call may have stopped in the middle.
        """
        ends = 1 if self._cursor == _FIRST_ID else 2
        while ends:
            if stale := self.claim_stale(idle_ms, count):
                return stale
            ends -= self._cursor == _FIRST_ID
        return []

    def take_over(self, idle_ms: int) -> tuple[RawEntry, int] | None:
        """Take over one entry, with how often it was handed out by now; None when the whole group has none.

        One at a time, so that only what is begun counts as handed out, not what waits behind it.
        """
        stale = self.claim_next(idle_ms, 1)
        return (stale[0], self._times_delivered(stale[0][0])) if stale else None

    def own_pending(self) -> tuple[RawEntry, int] | None:
        """Return the oldest entry that a member of our name holds, with how often it was handed out by now.

        It is one that a process of the same name left when it was killed; None where there is none. What was
        trimmed meanwhile is let go: there is nothing to handle.
        """
        while left := self._read_own_pending():
            entry_id, fields = left[0]
            if fields:
                return left[0], self._times_delivered(entry_id)
            self.ack(entry_id)
        return None

    def redeliver(self, entry_id: str) -> None:
        """Count that an entry of ours is begun once more; its idle time begins anew."""
        self._claimed(0, [entry_id], counting=True)

    def renew(self, ids: list[str], idle_ms: int) -> set[str]:
        """Begin the idle time of our entries anew; returns those that a peer has taken over.

        `idle_ms` is less than they have been idle, and more than what was taken over meanwhile can be.
        """
        doubtful = set(ids).difference(self._claimed(idle_ms, ids, counting=False))
        return {entry_id for entry_id in doubtful if self._is_held_by_peer(entry_id)}

    def ack(self, *ids: str) -> int:
        """Acknowledge entries; returns how many of them were pending."""
        return self._client.xack(self.stream, self.group, *ids) if ids else 0

    def pending(self) -> int:
        """Return how many entries the whole group holds without having acknowledged them."""
        return int(self._client.xpending(self.stream, self.group)["pending"])

    def fetch(self, entry_id: str) -> Fields | None:
        """Return the fields of one entry again, or None when the stream no longer has it."""
        found = _texts(cast("list[Any]", self._client.xrange(self.stream, entry_id, entry_id)))
        return found[0][1] if found else None

    def leave(self, *unhandled: str) -> None:
        """Hand back what was read but not handled, for any peer to claim at once, and leave the group."""
        if unhandled:
            self._client.xclaim(
                self.stream,
                self.group,
                RELEASED_CONSUMER,
                min_idle_time=0,
                message_ids=list(unhandled),
                idle=RELEASED_IDLE_MS,
                justid=True,  # does not count as a delivery
            )
        # Only a member that holds nothing may go: Redis drops what a deleted member holds.
        if not self._client.xpending_range(self.stream, self.group, "-", "+", 1, consumername=self.name):
            self._client.xgroup_delconsumer(self.stream, self.group, self.name)

    def _claimed(self, idle_ms: int, ids: list[str], *, counting: bool) -> list[str]:
        try:
            claimed: Any = self._client.xclaim(
                self.stream, self.group, self.name, idle_ms, list(ids), justid=not counting
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            return []  # a wiped Redis holds nothing against us
        return [as_text(each if not counting else each[0]) for each in claimed]

    def _read_own_pending(self) -> list[RawEntry]:
        try:
            return _entries_of(self._read(1, None, after=_FIRST_ID))
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            return []

    def _times_delivered(self, entry_id: str) -> int:
        found = self._pending_entry(entry_id)
        return int(found["times_delivered"]) if found else 1

    def _is_held_by_peer(self, entry_id: str) -> bool:
        found = self._pending_entry(entry_id)
        return found is not None and as_text(found["consumer"]) != self.name

    def _pending_entry(self, entry_id: str) -> Any:
        try:
            found: Any = self._client.xpending_range(self.stream, self.group, entry_id, entry_id, 1)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            return None
        return found[0] if found else None

    def _last_up_to(self, position: int) -> str:
        """Return the id of the last entry before the first one beyond the position; "0-0" where there is none."""
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
    # Servers before 7.0 answer None for the fields of what was trimmed meanwhile: there is nothing to handle.
    return [(as_text(entry_id), fields or {}) for entry_id, fields in entries if entry_id is not None]
