"""Connections to Redis."""

from __future__ import annotations

import hashlib
import threading
from typing import Any, Final

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 10


def connect(url: str) -> redis.Redis:
    """Return a client; nothing is connected before it is used. A short interruption is bridged."""
    return redis.Redis.from_url(url, **_options(url))


class ThreadConnections:
    """A kept connection for each thread: taking one out of a pool costs as much as a short command."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()
        self._clients: list[redis.Redis] = []

    def current(self) -> redis.Redis:
        """Return this thread's client; connects when it is made."""
        client: redis.Redis | None = getattr(self._local, "client", None)
        if client is None:
            client = redis.Redis.from_url(self._url, single_connection_client=True, **_options(self._url))
            self._local.client = client
            self._clients.append(client)
        return client

    def close(self) -> None:
        """Close all of them."""
        for client in self._clients:
            client.close()


class Script:
    """A Lua script called by its hash; redis-py's own takes twice the time around the same command."""

    def __init__(self, connections: ThreadConnections, source: str) -> None:
        self._connections, self._source = connections, source
        self._hash = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, keys: list[str], arguments: list[Any]) -> Any:
        """Return what the script answers; it is sent whole to a server that does not know it."""
        execute: Any = self._connections.current().execute_command
        try:
            return execute("EVALSHA", self._hash, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return execute("EVAL", self._source, len(keys), *keys, *arguments)


# What the mailer does to each of its keys, for the question whether it may.
_RIGHTS: Final = """
local asked = {
  {'XREADGROUP', 'GROUP', 'mailer', 'check', 'COUNT', '1', 'STREAMS', KEYS[1], '>'},
  {'XACK', KEYS[1], 'mailer', '0-1'}, {'XRANGE', KEYS[1], '-', '+'},
  {'XAUTOCLAIM', KEYS[1], 'mailer', 'check', '0', '0'}, {'XCLAIM', KEYS[1], 'mailer', 'check', '0', '0-1'},
  {'XADD', KEYS[2], '*', 'a', 'b'}, {'HSET', KEYS[3], 'a', 'b'}, {'RPUSH', KEYS[4], 'a'},
  {'ZADD', KEYS[4], '1', 'a'},
}
local missing = {}
for _, command in ipairs(asked) do
  if not redis.acl_check_cmd(unpack(command)) then table.insert(missing, command[1]) end
end
return missing
"""


def missing_permissions(client: redis.Redis, *, stream: str, receipts: str) -> list[str]:
    """Return the commands that the user of this connection may not use on the keys of the mailer."""
    keys = [stream, receipts, "mailer:ledger:check", "mailer:queue:check"]
    missing: Any = client.eval(_RIGHTS, len(keys), *keys)
    return [command.decode() for command in missing]


def durability_warnings(client: redis.Redis) -> list[str]:
    """Return what may make this Redis lose mails (SEC-10); nothing where the user may not ask."""
    try:
        info: Any = client.info()
    except redis.exceptions.NoPermissionError:
        return []
    found = []
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        found.append("maxmemory-policy should be noeviction")
    if not info.get("aof_enabled", 1):
        found.append("appendonly should be yes")
    return found


def _options(url: str) -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        # A Unix socket knows no such thing, and redis-py refuses the option there.
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
    }
