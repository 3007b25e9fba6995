"""A mail server in this process that records the arrival time of each mail."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.smtp_sink import SmtpSinkProtocol
from tests.support.servers.ports import free_port


class Arrivals:
    """The arrival time of each recipient's latest mail (time.perf_counter())."""

    def __init__(self) -> None:
        self.port = free_port()
        self._arrived_at: dict[str, float] = {}
        self._changed = threading.Condition()

    def record(self, recipient: str) -> None:
        with self._changed:
            self._arrived_at[recipient] = time.perf_counter()
            self._changed.notify_all()

    def wait_for(self, recipient: str, *, seconds: float = 10) -> float:
        with self._changed:
            has_arrived = self._changed.wait_for(lambda: recipient in self._arrived_at, timeout=seconds)
            assert has_arrived, f"no mail arrived for {recipient} within {seconds:g} s"
            return self._arrived_at[recipient]


@contextmanager
def recording_arrivals() -> Iterator[Arrivals]:
    """Run the server for the duration of the with block."""
    arrivals, loop = Arrivals(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(arrivals), loop)
    try:
        listening = server.result(timeout=10)
        yield arrivals
        loop.call_soon_threadsafe(listening.close)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(arrivals: Arrivals) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SmtpSinkProtocol(arrivals.record), "127.0.0.1", arrivals.port)
