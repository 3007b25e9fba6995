"""Clients of Redis that survive a failover.

When a server refuses a command because of its state, the client closes that connection, and each of its other
connections before their next command.
New connections resolve the server's host name again, or get its address from the sentinels in the URL.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, parse_url
from redis.exceptions import RedisError
from redis.retry import Retry

from port_events._failover import CONNECTION_CLASSES, Generation, UnableServer, is_unable
from port_events._sentinel import SUFFIX, parse_sentinel_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "URL_SCHEMES",
    "UnableServer",
    "check_redis_url",
    "check_writable",
    "connect",
    "generation",
    "is_unable",
    "leads_to_cluster",
]

URL_SCHEMES: Final = ("redis", "rediss", "unix", f"redis{SUFFIX}", f"rediss{SUFFIX}")


def connect(url: str, **options: Any) -> Redis:
    """Return a client; `options` are those of a redis-py connection. Raises ValueError for an invalid URL."""
    client = Redis(connection_pool=_connection_pool(url, options))
    client.auto_close_connection_pool = True  # as in Redis.from_url
    return client


def generation(client: Redis) -> int:
    """Return a number for a client made by `connect`; after it increases, commands may reach another server.

    It increases when a connection is opened again.
    """
    return cast("Generation", client.connection_pool.connection_kwargs["generation"]).number


def leads_to_cluster(url: str) -> bool:
    """Return whether the server answers and belongs to a Redis Cluster, in which transactions on several keys fail."""
    client = connect(url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0))
    with client, suppress(RedisError):
        info: Any = client.info("server")
        return "cluster" in {info.get("redis_mode"), info.get("server_mode")}  # the latter is Valkey's
    return False


def check_redis_url(url: str) -> None:
    """Raise ValueError if the URL or one of its options is invalid, without connecting or repeating the URL."""
    try:
        _connection_pool(url, {}).make_connection()
    except (ValueError, TypeError):  # an invalid value, or an unknown option
        raise ValueError("must be an address, with options, that redis-py can read") from None


def check_writable(client: Redis, key: str) -> None:
    """Raise redis.RedisError unless the server accepts writes: a replica, for example, or a full server does not.

    `key` must not exist: then SET with XX changes nothing, but Redis refuses it like any write.
    """
    client.set(key, "", xx=True)


def _connection_pool(url: str, options: Mapping[str, Any]) -> ConnectionPool:
    ours: dict[str, Any] = {"generation": Generation()}
    if urlsplit(url).scheme.endswith(SUFFIX):
        url, ours["locate"] = parse_sentinel_url(url)
    kind = parse_url(url).get("connection_class", Connection)  # type: ignore[no-untyped-call]  # redis-py lacks the type
    return ConnectionPool.from_url(url, connection_class=CONNECTION_CLASSES[kind], **ours, **options)
