"""Records entries of Redis' streams soon after they are written, usually before a fault can delete them."""

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
    event_id: str
    position: int | None
    is_sealed: bool


class StreamLog(ABC):
    """A thread that reads a stream from each server directly, and continues after outages.

    An entry that both servers have is recorded twice.
    """

    def __init__(self, servers: Sequence[RedisServer], stream: str) -> None:
        self._servers, self._stream = servers, stream
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=stream, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Read all entries written so far, and end the thread; wait at most 10 s."""
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
    def _record(self, raw: RawEntry) -> None: ...


class ReceiptLog(StreamLog):
    def __init__(self, servers: Sequence[RedisServer]) -> None:
        super().__init__(servers, RECEIPTS)
        self._written_at_ms: dict[str, int] = {}

    def written_at_ms(self) -> dict[str, int]:
        """Return when the first receipt of each event was written, from its entry ID."""
        return dict(self._written_at_ms)

    @override
    def _record(self, raw: RawEntry) -> None:
        entry_id, fields = raw
        event_id = as_text(fields.get(b"event_id", b""))
        written_at_ms = int(as_text(entry_id).partition("-")[0])
        self._written_at_ms[event_id] = min(self._written_at_ms.get(event_id, written_at_ms), written_at_ms)


class EntryLog(StreamLog):
    def __init__(self, servers: Sequence[RedisServer], stream: str) -> None:
        super().__init__(servers, stream)
        self._entries: list[StreamEntry] = []

    def entries(self) -> Sequence[StreamEntry]:
        return tuple(self._entries)

    @override
    def _record(self, raw: RawEntry) -> None:
        entry = from_fields(*raw)
        self._entries.append(StreamEntry(entry.event.id, entry.position, entry.sealed is not None))
