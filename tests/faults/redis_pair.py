"""Two Redis servers behind one address, which leads to the primary. A failover exchanges their roles."""

from tests.support.servers.redis import RedisServer
from tests.support.servers.tcp_proxy import Proxy


class RedisPair:
    """Until the first failover, `other` is empty and not a replica."""

    def __init__(self) -> None:
        self.primary, self.other = RedisServer(), RedisServer()
        self._address = Proxy(self.primary.port)

    @property
    def servers(self) -> tuple[RedisServer, RedisServer]:
        return self.primary, self.other

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._address.port}/0"

    def start(self) -> None:
        for each in (self.primary, self.other, self._address):
            each.start()

    def destroy(self) -> None:
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
        with self.other.client() as client:
            client.replicaof("127.0.0.1", str(self.primary.port))

    def _exchange(self) -> None:
        self.primary, self.other = self.other, self.primary
        self._address.target_port = self.primary.port
