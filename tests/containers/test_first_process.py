"""Every process ends on SIGTERM as soon as it runs, also as the first process of a container.

The kernel ignores signals for which the first process has no handler: `docker stop` would wait and then kill it.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.support.harness.installation import COMMANDS, Installation
from tests.support.harness.metrics_health_ports import VARIABLES, MetricsHealthPorts
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import START_SECONDS, Program, executable

FIRST = ("/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
ENDED_BY_SIGTERM = 128 + signal.SIGTERM
SHORT_COMMANDS = (("identity", "migrate"), ("identity", "tidy"), ("identity", "check"), ("mailer", "check"))
STOP_SECONDS = 10
"""A stop takes a fraction of a second, or at least 20 s after a lost signal. The machine may be busy."""
# Lists the modules that the console script loads, without the standard library and the virtual environment's own.
LOADED = """
import sys
from {name}.__main__ import main
ours = [it for it in sys.modules if it.partition(".")[0] not in sys.stdlib_module_names and it[0] != "_"]
print(" ".join(sorted(ours)))
"""
WORKER_STOPPED_EARLY = """
import os, signal, time
from identity.processes.web_server.gunicorn_server import Server
from identity.settings.web import WebSettings
from port_runtime import logs
from port_runtime.settings import load
logs.configure("identity", "INFO")
server = Server(load(WebSettings, os.environ))
own = server._hooks["post_fork"]
def stop_early(arbiter, worker):
    own(arbiter, worker)
    os.kill(os.getppid(), signal.SIGTERM)
    while arbiter.SIG_QUEUE.empty():  # until the arbiter has queued the signal
        time.sleep(0.01)
server.cfg.set("post_fork", stop_early)
server.run()
"""

pytestmark = pytest.mark.processes


def start(installation: Installation, *command: str, **settings: str) -> Program:
    """Start a command as the first process of a PID namespace. Skips the test if `unshare` is not permitted."""
    if subprocess.run([*FIRST, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip(
            "`unshare --pid` needs root, so no process was tested as the first process of a container"
        )
    environment = {**installation.environment, **settings}
    return installation.start_program(*FIRST, executable(command[0]), *command[1:], environment=environment)


def stop_each(programs: list[Program], *, once: Callable[[int], bool]) -> list[int]:
    """Stop each program as soon as `once` is true for its index; return the exit codes."""
    waiting = dict(enumerate(programs))

    def stop_those() -> bool:
        for number in [it for it in waiting if once(it)]:
            (first,) = waiting.pop(number).children()
            os.kill(first, signal.SIGTERM)
        return not waiting

    wait_until(stop_those, what="the condition of each process", timeout_seconds=START_SECONDS)
    return [program.wait(STOP_SECONDS) for program in programs]


def handles_sigterm(program: Program) -> bool:
    status = [Path(f"/proc/{pid}/status").read_text().splitlines() for pid in program.children()]
    caught = [int(line.split()[1], 16) for lines in status for line in lines if line.startswith("SigCgt")]
    return any(mask >> (signal.SIGTERM - 1) & 1 for mask in caught)


def is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize("name", ["identity", "mailer"])
def test_a_console_script_handles_signals_before_it_imports_the_product(name: str) -> None:
    (script,) = distribution(name).entry_points.select(group="console_scripts")

    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(name=name)], capture_output=True, text=True, check=True
    ).stdout.split()

    assert script.value == f"{name}.__main__:main"
    assert loaded == [name, f"{name}.__main__", "port_runtime", "port_runtime.signals"]


def test_every_command_ends_on_a_signal_right_after_its_start(installation_on_sqlite: Installation) -> None:
    started = [start(installation_on_sqlite, *command) for command in (*COMMANDS.values(), *SHORT_COMMANDS)]

    codes = stop_each(started, once=lambda number: handles_sigterm(started[number]))

    assert codes == [ENDED_BY_SIGTERM] * len(started)


def test_a_server_ends_on_a_signal_while_it_starts(installation_on_sqlite: Installation) -> None:
    ports = MetricsHealthPorts().settings
    started = [start(installation_on_sqlite, *command, **ports) for command in COMMANDS.values()]
    addresses = [ports[VARIABLES[part]] for part in COMMANDS]

    codes = stop_each(started, once=lambda number: is_open(addresses[number]))

    assert set(codes) <= {0, ENDED_BY_SIGTERM}


def test_a_web_process_ends_on_a_signal_before_it_has_handlers(
    installation_on_sqlite: Installation,
) -> None:
    script = installation_on_sqlite.directory / "script.py"
    script.write_text(WORKER_STOPPED_EARLY)

    server = start(installation_on_sqlite, "python", str(script), IDENTITY_WEB_WORKERS="1")

    assert server.wait(START_SECONDS) == 0
    assert "Worker exiting" in server.output
    assert "SIGKILL" not in server.output
