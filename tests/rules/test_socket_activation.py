"""A single host upgrades without refused connections, because systemd listens (deploy/systemd/port-web.socket)."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program, executable

CLIENTS = 4
# Like systemd for the unit, this passes the socket as descriptor 3 and sets MemoryDenyWriteExecute=
# (PR_SET_MDWE, where the kernel has it).
START = """
import ctypes, os, sys
os.dup2(int(sys.argv[1]), 3)
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Load:
    """Clients that each open a new connection for every request."""

    def __init__(self, url: str) -> None:
        self._url, self._stopped = url, threading.Event()
        self.answered, self.failed = 0, list[str]()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                httpx.get(self._url, timeout=60, trust_env=False).raise_for_status()
                self.answered += 1
            except httpx.HTTPError as error:
                self.failed.append(repr(error))

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def goes_on(self) -> None:
        before = self.answered
        wait_until(
            lambda: self.failed or self.answered >= before + 4 * CLIENTS,
            what="requests to be answered",
            timeout_seconds=60,
        )


def _start(installation: Installation, listener: socket.socket) -> Program:
    return installation.start_program(
        sys.executable, "-c", START, str(listener.fileno()), executable("identity"), "serve",
        environment=installation.environment, pass_fds=(listener.fileno(),),
    )  # fmt: skip


@pytest.mark.rule("OPS-4")
def test_a_restart_with_socket_activation_refuses_no_connection(
    installation_on_sqlite: Installation,
) -> None:
    installation = installation_on_sqlite
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        load = Load(f"http://127.0.0.1:{listener.getsockname()[1]}/livez")
        running = _start(installation, listener)
        with load.running():
            load.goes_on()
            code = running.stop()
            _start(installation, listener)
            load.goes_on()

    assert (load.failed, code) == ([], 0)
    assert installation.status_of("/livez") is None  # IDENTITY_BIND is not opened
