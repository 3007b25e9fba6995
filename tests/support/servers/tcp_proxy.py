"""A TCP proxy that can reset or stall connections, or switch new connections to another server like a failover."""

import asyncio
import threading
from contextlib import suppress

from tests.support.servers.lifecycle import close_listener
from tests.support.servers.ports import free_port

_CHUNK = 65_536


class Proxy:
    """Forwards new connections to `target_port` on loopback, in its own thread."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._is_cut = False

    def start(self) -> None:
        self._thread.start()
        self._flowing.set()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(timeout=10)

    def cut(self) -> None:
        """Reset all connections, including new connections, until `heal`."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._reset)

    def silence(self) -> None:
        """Keep connections open without forwarding data until `heal`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def heal(self) -> None:
        """Reset all connections, and forward new connections again."""
        self._is_cut = False
        self._loop.call_soon_threadsafe(self._reset)
        self._loop.call_soon_threadsafe(self._flowing.set)

    def destroy(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _close(self) -> None:
        await close_listener(self._server)
        self._reset()
        self._flowing.set()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self._is_cut:
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.target_port)
            self._writers.add(back)
            try:
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
            finally:
                self._drop(back)
        except OSError:
            pass
        finally:
            self._drop(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        with suppress(OSError):
            writer.transport.abort()

    def _reset(self) -> None:
        for writer in list(self._writers):
            self._drop(writer)
