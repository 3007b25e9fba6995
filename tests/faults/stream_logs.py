"""Records entries of Redis' streams soon after they are written, before a fault can delete them."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from port_events.consumer_group import RawEntry
from port_events.envelope import RECEIPTS, as_text, from_fields
from redis.exceptions import RedisError
from typing_extensions import override

from tests.support.servers.redis import RedisServer

_POLL_SECONDS = 0.1
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """An entry of the stream of events or mails."""

    event_id: str
    position: int | None
    is_sealed: bool


class StreamLog(ABC):
    """Thread that reads a stream from each server over its own connections, and continues after outages."""

    def __init__(self, servers: Sequence[RedisServer], stream: str) -> None:
        self._servers, self._stream = servers, stream
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=stream, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Read all entries written so far, and end the thread."""
        self._leaving.set()
        self._thread.join(timeout=10)

    def _follow(self) -> None:
        leaving = False
        with ExitStack() as stack:
            clients = [stack.enter_context(each.client(socket_timeout=5)) for each in self._servers]
            last = dict.fromkeys(clients, "0-0")
            while not leaving:
                leaving = self._leaving.wait(_POLL_SECONDS)
                for client in clients:
                    with suppress(RedisError, OSError):
                        while entries := client.xrange(self._stream, f"({last[client]}", count=_AT_ONCE):
                            for entry in entries:
                                last[client] = as_text(entry[0])
                                self._record(entry)

    @abstractmethod
    def _record(self, raw: RawEntry) -> None:
        """Record an entry."""


class ReceiptLog(StreamLog):
    """The receipts of the mailers."""

    def __init__(self, servers: Sequence[RedisServer]) -> None:
        super().__init__(servers, RECEIPTS)
        self._given: dict[str, int] = {}

    def written_at_ms(self) -> dict[str, int]:
        """Return the time in Unix milliseconds of the first receipt of each event, from its stream id."""
        return dict(self._given)

    @override
    def _record(self, raw: RawEntry) -> None:
        entry_id, fields = raw
        event_id = as_text(fields.get(b"event_id", b""))
        written_at_ms = int(as_text(entry_id).partition("-")[0])
        self._given[event_id] = min(self._given.get(event_id, written_at_ms), written_at_ms)


class EntryLog(StreamLog):
    """The entries of a stream of events or mails."""

    def __init__(self, servers: Sequence[RedisServer], stream: str) -> None:
        super().__init__(servers, stream)
        self._entries: list[StreamEntry] = []

    def entries(self) -> Sequence[StreamEntry]:
        """Return the entries in the order of their publication."""
        return tuple(self._entries)

    @override
    def _record(self, raw: RawEntry) -> None:
        entry = from_fields(*raw)
        self._entries.append(StreamEntry(entry.event.id, entry.position, entry.sealed is not None))
