"""Connections that close when their server refuses to work, together with the other connections of their client."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

from redis import exceptions
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    _Base = AbstractConnection
    Address = tuple[str, int]
else:
    _Base = object

# LOADING is missing, because redis-py itself raises a ConnectionError for it.
_UNABLE = re.compile(
    r"(?:^|because of: |-)(?:READONLY|MISCONF|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|UNBLOCKED)\b"
)


class UnableServer(exceptions.ConnectionError):
    """The server refused a command because of its state: for example, it is a replica, or cannot save to its disk.

    Also raised on the other connections of a client after one of them has left the server.
    """


def is_unable(error: Exception) -> bool:
    """Return whether Redis refused a command, without running it, because of the server's state."""
    return isinstance(error, (exceptions.ReadOnlyError, exceptions.ClusterDownError)) or (
        isinstance(error, exceptions.ResponseError) and bool(_UNABLE.search(str(error)))
    )


class Generation:
    """The generation of a client's connections. A connection that reconnects ends it; then the others reconnect, too.

    Otherwise a client could use two servers during a failover, while the old primary still accepts writes.
    """

    def __init__(self) -> None:
        self.number = 0
        self._address: Address | None = None
        self._lock = threading.Lock()

    def end(self, number: int) -> None:
        """End the generation with this number, unless it has ended already."""
        with self._lock:
            self.number += number == self.number

    def arrive(self, address: Address) -> None:
        """End the generation if the last connection went to another address."""
        with self._lock:
            self.number += self._address not in {None, address}
            self._address = address


class _Failover(_Base):
    """A connection that leaves a server which refuses to work. Raises UnableServer, which redis-py retries.

    `locate`, if given, returns the address at each connect.
    """

    def __init__(
        self, *, generation: Generation, locate: Callable[[], Address] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._generation, self._locate = generation, locate
        self._number: int | None = None  # the generation in which this connection was opened

    def _connect(self) -> Any:
        if self._number is not None:
            self._generation.end(self._number)
            self._number = None
        if self._locate:
            self.host, self.port = address = self._locate()
            self._generation.arrive(address)
        number = self._generation.number
        connected = super()._connect()  # type: ignore[no-untyped-call,safe-super]  # redis-py lacks the type
        self._number = number
        return connected

    def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        if self.is_connected and self._number != self._generation.number:
            self.disconnect()  # type: ignore[no-untyped-call]  # redis-py lacks the type
            # Raise an error, because a transaction that watches keys must fail.
            raise UnableServer("another connection left the server")
        super().send_packed_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py lacks the type

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


CONNECTION_CLASSES: Final = {Connection: _Tcp, SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}
