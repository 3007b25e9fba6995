"""`make run`: the whole system in the foreground, on embedded defaults, without Docker and without root."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honcho.environ import parse_procfile
from port_runtime.settings import exit_on_error

from deploy.local.commands import write_commands
from deploy.local.demo import make_demo
from deploy.local.environment import PROGRAMS, Places, environments, prepare
from deploy.local.ready import wait_until_ready
from deploy.local.settings import RUN_DIR, read
from deploy.local.system import STOPPED_BY_SIGNAL, System

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCFILE = Path(__file__).with_name("Procfile")
READY = """
Ready after {seconds:.1f} s.
  portal and API   {identity}      (API: {identity}/api/v1, description: {identity}/docs)
  mails            {mailbox}
  events           {redis}  (URLs with passwords: {directory}/redis/consumer.url, operator.url)
  commands         {directory}/bin/identity, {directory}/bin/mailer  (with the settings of this copy)
  data             {directory}      ({clean} drops it)
Ctrl-C stops all of it.
"""


def main() -> int:
    """Start everything, announce it when it is ready, and return when all of it has ended."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    with exit_on_error():
        settings = read(os.environ)
    places = Places(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    with _alone(settings.root):
        prepare(places)
        surroundings = environments(places)
        write_commands(settings.root / "bin", PROGRAMS, surroundings)
        if (failed := _migrate(surroundings["migrate"])) != 0:
            return failed
        system = System(lambda: _announce(places, started), last="redis")
        for name, command in parse_procfile(PROCFILE.read_text()).processes.items():
            system.add_process(name, command, env=surroundings[name])
        code = _run(system)
        if code:
            _say(f"More in {settings.run_dir}/redis/redis.log and {settings.run_dir}/mailbox.log")
        _clear(places)
    return code


def _run(system: System) -> int:
    try:
        system.loop()
    finally:
        system.kill()  # whatever went wrong here, e.g. a terminal that is gone: nothing stays behind
    return 0 if system.returncode in STOPPED_BY_SIGNAL else 1


def _migrate(environment: dict[str, str]) -> int:
    return subprocess.run(["identity", "migrate"], env=environment, check=False).returncode


def _announce(places: Places, started: float) -> None:
    wait_until_ready(places, _say)
    _say(
        READY.format(
            seconds=time.monotonic() - started,
            identity=places.identity_url,
            mailbox=places.mailbox_url,
            redis=f"redis://127.0.0.1:{places.settings.redis_port}",
            directory=places.settings.run_dir,
            clean=_clean(places.settings.run_dir),
        )
    )
    if places.settings.demo:
        _say(make_demo(places))


def _clean(run_dir: str) -> str:
    """Return the command that drops this copy's data, not another's."""
    return "make clean-run" if run_dir == RUN_DIR else f"make clean-run RUN_DIR={shlex.quote(run_dir)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"RUN_DIR: another copy runs in {root}; choose another, e.g. RUN_DIR=.run2", file=sys.stderr
            )
            raise SystemExit(2) from None
        yield


def _clear(places: Places) -> None:
    if places.socket.parent != places.redis:
        shutil.rmtree(places.socket.parent, ignore_errors=True)


def _leave(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
