"""The stream of mails, read as the consumer group `mailer`, whose pending list contains the unfinished entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from port_events.consumer_group import Group
from port_events.envelope import MAIL_STREAM, Entry, MalformedEvent, from_fields
from port_runtime import tracing
from port_runtime.logs import get_logger

from mailer.adapters.redis.heartbeats import Heartbeats

if TYPE_CHECKING:
    import redis
    from port_events.consumer_group import RawEntry

GROUP: Final = "mailer"
log = get_logger("mailer.events")


class MailStream:
    """The stream in Redis. `fetch` and `ack` are thread-safe; only one thread at a time may call the other methods."""

    def __init__(self, client: redis.Redis, *, name: str) -> None:
        self._client = client
        self._group = Group(client, MAIL_STREAM, GROUP, name)
        self.heartbeats = Heartbeats(client, self._group)
        address = client.get_connection_kwargs()
        self._server = tracing.server(address.get("host"), address.get("port"))

    def open(self) -> None:
        """Create the group if it is missing, starting at the stream's first entry."""
        self._group.create("0")

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Return up to `count` new entries, waiting up to `block_ms` for the first."""
        return self._entries(self._group.read(count, block_ms))

    def take_over(self, idle_ms: int, count: int) -> list[Entry]:
        """Take over up to `count` entries that no mailer has touched for `idle_ms`, and return them."""
        while stale := self._group.claim_next(idle_ms, count):
            if entries := self._entries(stale):
                return entries
        return []

    def fetch(self, entry_id: str) -> Entry | None:
        """Read an entry again; return None if the stream no longer has it."""
        found: Any = self._client.xrange(MAIL_STREAM, entry_id, entry_id)
        return from_fields(*found[0]) if found else None

    def ack(self, entry_ids: list[str]) -> None:
        self._group.ack(*entry_ids)

    def touch(self, entry_ids: list[str]) -> None:
        """Record this mailer's heartbeat, and reset the idle time of these entries."""
        self.heartbeats.record()
        if entry_ids:
            self._client.xclaim(MAIL_STREAM, GROUP, self._group.name, 0, entry_ids, justid=True)  # type: ignore[arg-type]  # invariant list

    def leave_group(self, unfinished: list[str]) -> None:
        """Release these entries, so that other mailers can claim them at once; then leave the group."""
        self._group.leave(*unfinished)
        self.heartbeats.remove()

    def _entries(self, raw: list[RawEntry]) -> list[Entry]:
        entries, malformed = [], []
        for each in raw:
            try:
                entries.append(entry := from_fields(*each))
            except MalformedEvent as error:
                log.error("entry_malformed", entry_id=each[0], reason=str(error))  # noqa: TRY400 - the traceback would add nothing
                malformed.append(each[0])
                continue
            if tracing.is_recording():
                self._trace(entry)
        self.ack(malformed)
        return entries

    def _trace(self, entry: Entry) -> None:
        """Record a span from the entry's publication, whose time by Redis' clock is in the entry's id, until now."""
        tracing.record(
            f"receive {MAIL_STREAM}",
            parent=entry.event.traceparent,
            began=datetime.fromtimestamp(int(entry.id.partition("-")[0]) / 1000, UTC),
            ended=datetime.now(UTC),
            kind=tracing.SpanKind.CLIENT,
            messaging__system="redis",
            messaging__operation__name="receive",
            messaging__operation__type="receive",
            messaging__destination__name=MAIL_STREAM,
            messaging__consumer__group__name=GROUP,
            messaging__message__id=entry.event.id,
            **self._server,
        )
