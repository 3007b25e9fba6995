"""The event stream as the group `mailer` reads it: its pending list is the work that is not finished."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import Entry, MalformedEvent, from_fields
from port_events.group import RELEASED_CONSUMER, Group
from port_runtime import tracing
from port_runtime.logs import get_logger

if TYPE_CHECKING:
    import redis
    from port_events.group import RawEntry

GROUP: Final = "mailer"
GONE_MS: Final = 3600 * 1000
log = get_logger("mailer.events")


class EventStream:
    """Reading and taking over belong to the intake's thread alone; what any thread may do says so."""

    def __init__(self, client: redis.Redis, *, stream: str, name: str) -> None:
        self._client = client
        self._group = Group(client, stream, GROUP, name)

    def open(self) -> None:
        """Make the group where it is missing: from the beginning of what the stream holds."""
        self._group.create("0")

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Return new entries, waiting for the first."""
        return self._entries(self._group.read(count, block_ms))

    def take_over(self, idle_ms: int, count: int) -> list[Entry]:
        """Return entries whose mailer has not been heard of for `idle_ms`; they are ours now. None: there are none."""
        while stale := self._group.claim_next(idle_ms, count):
            if entries := self._entries(stale):
                return entries
        return []

    def fetch(self, entry_id: str) -> Entry | None:
        """Read an entry again; None when the stream no longer has it. From any thread."""
        found: Any = self._client.xrange(self._group.stream, entry_id, entry_id)
        return from_fields(*found[0]) if found else None

    def acknowledge(self, entry_ids: list[str]) -> None:
        """Take entries off the pending list. From any thread."""
        if entry_ids:
            self._client.xack(self._group.stream, GROUP, *entry_ids)

    def touch(self, entry_ids: list[str]) -> None:
        """Say that these are still being worked on: their idle time begins anew."""
        if entry_ids:
            group = self._group
            self._client.xclaim(group.stream, GROUP, group.name, 0, entry_ids, justid=True)  # type: ignore[arg-type]  # invariant list

    def leave_group(self, unfinished: list[str]) -> None:
        """Hand back what was not begun and leave the group."""
        self._group.leave(*unfinished)

    def remove_gone_members(self) -> list[str]:
        """Remove group members that hold nothing and were not heard of for an hour; return their names."""
        members: Any = self._client.xinfo_consumers(self._group.stream, GROUP)
        gone = [
            member["name"].decode()
            for member in members
            if member["pending"] == 0
            and member["idle"] > GONE_MS
            and member["name"] != RELEASED_CONSUMER.encode()
        ]
        for name in gone:
            self._client.xgroup_delconsumer(self._group.stream, GROUP, name)
        return gone

    def _entries(self, raw: list[RawEntry]) -> list[Entry]:
        entries, malformed = [], []
        for each in raw:
            try:
                entries.append(entry := from_fields(*each))
            except MalformedEvent as error:
                log.error("entry_malformed", entry_id=each[0], reason=str(error))  # noqa: TRY400 - the reason is all
                malformed.append(each[0])
                continue
            if tracing.is_recording():
                self._trace(entry)
        self.acknowledge(malformed)
        return entries

    def _trace(self, entry: Entry) -> None:
        """Record how long the entry stood in the stream: its id says since when, by Redis' clock."""
        tracing.record(
            f"receive {self._group.stream}",
            parent=entry.event.traceparent,
            began=datetime.fromtimestamp(int(entry.id.partition("-")[0]) / 1000, UTC),
            ended=datetime.now(UTC),
            messaging__system="redis",
            messaging__operation__type="receive",
            messaging__consumer__group__name=GROUP,
            messaging__message__id=entry.event.id,
        )
