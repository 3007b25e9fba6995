"""Connections to Redis, and the Lua scripts that run over them."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import redis
from port_events import redis_client
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from datetime import datetime

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 10
TRANSIENT_ERRORS: Final = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.OutOfMemoryError,
)


def connect(url: str) -> redis.Redis:
    """Return a client that connects at its first command and retries short interruptions."""
    return redis_client.connect(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        # Unix sockets have no keepalive, and redis-py refuses the option for them.
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
    )


class ThreadConnections:
    """A connection for each thread, because taking a connection from a pool costs as much as a short command.

    The connections belong to the client's pool: when one reconnects, the others do too, so that all use one server.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._local = threading.local()
        self._clients: list[redis.Redis] = []

    def current(self) -> redis.Redis:
        """Return this thread's client, creating it at the thread's first call."""
        client: redis.Redis | None = getattr(self._local, "client", None)
        if client is None:
            client = redis.Redis(connection_pool=self._client.connection_pool, single_connection_client=True)
            self._local.client = client
            self._clients.append(client)
        return client

    def generation(self) -> int:
        """Return a number that increases whenever a connection of the client reconnects, possibly to another server."""
        return redis_client.generation(self._client)

    def history(self) -> str:
        """Return Redis' replication id, which changes when Redis restarts or a replica is promoted.

        If the user may not read it, return a text that changes with `generation`.
        """
        try:
            info: Any = self.current().info("replication")
        except redis.exceptions.NoPermissionError:
            return f"unknown since connection {self.generation()}"
        return str(info["master_replid"])

    def close(self) -> None:
        """Return the connections of all threads to the client's pool."""
        for client in self._clients:
            client.close()


def read_script(name: str) -> str:
    return Path(__file__).with_name(f"{name}.lua").read_text(encoding="utf-8")


class Script:
    """A Lua script that is called by its hash, with half the overhead of redis-py's own Script."""

    def __init__(self, connections: ThreadConnections, source: str) -> None:
        self._connections, self._source = connections, source
        self._hash = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, keys: list[str], arguments: list[Any]) -> Any:
        """Run the script, and return its result. Its source is sent only if the server has not cached it."""
        execute: Any = self._connections.current().execute_command
        try:
            return execute("EVALSHA", self._hash, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return execute("EVAL", self._source, len(keys), *keys, *arguments)


def server_time_ms(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def unix_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
