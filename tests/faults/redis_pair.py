"""Two Redis servers behind one address. A failover makes the second server the primary."""

from tests.support.servers.redis import RedisServer
from tests.support.servers.tcp_proxy import Proxy


class RedisPair:
    """A pair of servers that both keep running. The second server becomes a replica at the first failover."""

    def __init__(self) -> None:
        self.primary, self.other = RedisServer(), RedisServer()
        self._address = Proxy(self.primary.port)

    @property
    def servers(self) -> tuple[RedisServer, RedisServer]:
        """Both servers."""
        return self.primary, self.other

    @property
    def url(self) -> str:
        """The URL of the common address."""
        return f"redis://127.0.0.1:{self._address.port}/0"

    def start(self) -> None:
        """Start everything."""
        for each in (self.primary, self.other, self._address):
            each.start()

    def destroy(self) -> None:
        """Stop everything and remove the data."""
        for each in (self._address, self.primary, self.other):
            each.destroy()

    def fail_over(self) -> None:
        """Exchange the roles without losing a write. Connections to the old primary stay open."""
        self.primary.fail_over_to(self.other)
        self._exchange()

    def promote(self) -> None:
        """Promote the other server, as Sentinel does. Writes to the old primary before `demote` are lost."""
        self.other.follow(self.primary)
        with self.other.client() as client:
            client.replicaof("NO", "ONE")
        self._exchange()

    def demote(self) -> None:
        """Make the old primary a replica."""
        with self.other.client() as client:
            client.replicaof("127.0.0.1", str(self.primary.port))

    def _exchange(self) -> None:
        self.primary, self.other = self.other, self.primary
        self._address.target_port = self.primary.port
