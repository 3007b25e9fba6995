"""Runs a server until a block ends."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from typing import Protocol, TypeVar


class Server(Protocol):
    def start(self) -> None: ...

    def destroy(self) -> None: ...


S = TypeVar("S", bound=Server)
_ACCEPT_STEPS = 3
"""The number of event loop iterations from an accepted socket to a protocol with its transport."""


@contextmanager
def started(server: S) -> Iterator[S]:
    """Start a server, and remove it with its data when the block ends."""
    try:
        server.start()
        yield server
    finally:
        server.destroy()


@contextmanager
def serve_http(server: HTTPServer) -> Iterator[str]:
    """Serve HTTP in a thread until the block ends; yield the URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def close_listener(server: asyncio.Server) -> None:
    """Stop accepting. Sockets just accepted first get their transports, because asyncio would leave them open."""
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening)
    for _ in range(_ACCEPT_STEPS):
        await asyncio.sleep(0)
    server.close()
