"""A mail server in this process that records when each mail arrived."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.sink import SmtpSinkProtocol
from tests.support.servers.ports import free_port


class Arrivals:
    """When each recipient's mail arrived, by time.perf_counter()."""

    def __init__(self) -> None:
        self.port = free_port()
        self._came: dict[str, float] = {}
        self._changed = threading.Condition()

    def record(self, recipient: str) -> None:
        """Record that a mail has arrived."""
        with self._changed:
            self._came[recipient] = time.perf_counter()
            self._changed.notify_all()

    def wait_for(self, recipient: str, *, seconds: float = 10) -> float:
        """Wait for the recipient's mail; return when it arrived."""
        with self._changed:
            came = self._changed.wait_for(lambda: recipient in self._came, timeout=seconds)
            assert came, f"no mail came to {recipient} within {seconds:g} s"
            return self._came[recipient]


@contextmanager
def recording_arrivals() -> Iterator[Arrivals]:
    """Run the server for the block."""
    arrivals, loop = Arrivals(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = asyncio.run_coroutine_threadsafe(_opened(arrivals), loop)
    try:
        server = opened.result(timeout=10)
        yield arrivals
        loop.call_soon_threadsafe(server.close)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _opened(arrivals: Arrivals) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SmtpSinkProtocol(arrivals.record), "127.0.0.1", arrivals.port)
