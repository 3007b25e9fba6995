"""Clients of Redis that survive a failover.

A connection to a server that no longer takes writes is closed, and the next command resolves the address again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from redis import Redis, exceptions
from redis.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.connection import AbstractConnection

    _Base = AbstractConnection
else:
    _Base = object

URL_SCHEMES: Final = ("redis", "rediss", "unix")
# LOADING is missing: redis-py raises a ConnectionError for it by itself.
_UNABLE = re.compile(
    r"(?:^|because of: |-)(?:READONLY|MISCONF|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|UNBLOCKED)\b"
)


class UnableServer(exceptions.ConnectionError):
    """The server answered, but cannot do its work: it is a replica now, isolated, or cannot write to its disk."""


def is_unable(error: Exception) -> bool:
    """Whether Redis refused a command, without running it, for a reason that another server may not have."""
    return isinstance(error, (exceptions.ReadOnlyError, exceptions.ClusterDownError)) or (
        isinstance(error, exceptions.ResponseError) and bool(_UNABLE.search(str(error)))
    )


class _Failover(_Base):
    """Closes the connection when the server is unable to work, and raises UnableServer, which redis-py retries."""

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().read_response(*arguments, **options)
        except exceptions.ResponseError as error:
            if not is_unable(error):
                raise
            self.disconnect()  # type: ignore[no-untyped-call]  # redis-py lacks the type
            raise UnableServer(str(error)) from error


class _Tcp(_Failover, Connection):
    pass


class _Tls(_Failover, SSLConnection):
    pass


class _Unix(_Failover, UnixDomainSocketConnection):
    pass


_CLASSES: Final = {Connection: _Tcp, SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}


def connect(url: str, *, single_connection_client: bool = False, **options: Any) -> Redis:
    """Return a client; `options` are those of a redis-py connection. Raises ValueError."""
    client = Redis(
        connection_pool=_connection_pool(url, options), single_connection_client=single_connection_client
    )
    client.auto_close_connection_pool = True  # as in Redis.from_url
    return client


def check_redis_url(url: str) -> None:
    """Raise ValueError when the URL cannot be parsed. Opens no connection; the message never contains the URL."""
    try:
        _connection_pool(url, {}).make_connection()
    except (ValueError, TypeError):  # a value it cannot read, an option it does not know
        raise ValueError("must be an address, with options, that redis-py can read") from None


def check_writable(client: Redis, key: str) -> None:
    """Raise redis.RedisError unless the server accepts writes: not a replica, not full, its disk not failing.

    `key` must not exist: SET with XX then changes nothing, but Redis refuses it whenever it refuses a write.
    """
    client.set(key, "", xx=True)


def _connection_pool(url: str, options: Mapping[str, Any]) -> ConnectionPool:
    kind = parse_url(url).get("connection_class", Connection)  # type: ignore[no-untyped-call]  # redis-py lacks the type
    return ConnectionPool.from_url(url, connection_class=_CLASSES[kind], **options)
