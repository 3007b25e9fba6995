"""`make run`: the whole system in the foreground with embedded servers, without Docker or root."""

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

from deploy.local import pass_demo
from deploy.local.commands import write_commands
from deploy.local.environment import PROGRAMS, RunPaths, environments, prepare
from deploy.local.process_manager import STOPPED_BY_SIGNAL, System
from deploy.local.settings import RUN_DIR, read

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = 0o077
PROCFILE = Path(__file__).with_name("Procfile")
READY = """
Ready after {seconds:.1f} s.
  portal and API   {identity}      (API: {identity}/api/v1, description: {identity}/docs)
  mails            {mailbox}
  events           {redis}  (URLs with passwords: {directory}/redis/consumer.url, operator.url)
  commands         {directory}/bin/identity, {directory}/bin/mailer  (with the settings of this copy)
  data             {directory}      ({clean} drops it)
Ctrl-C stops the system.
"""


def main() -> int:
    started = time.monotonic()
    os.umask(PRIVATE)  # the umask of every process, so that only the owner may read keys, databases and mails
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGHUP, _exit)
    with exit_on_error():
        settings = read(os.environ)
    paths = RunPaths(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    with _run_lock(settings.root):
        prepare(paths)
        environment_by_process = environments(paths)
        write_commands(settings.root / "bin", PROGRAMS, environment_by_process)
        if (failed := _migrate(environment_by_process["migrate"])) != 0:
            return failed
        if settings.demo and (failed := pass_demo.register(paths, environment_by_process["identity"])) != 0:
            return failed
        system = System(lambda: _announce(paths, started), last="redis")
        for name, command in parse_procfile(PROCFILE.read_text()).processes.items():
            if name in environment_by_process:
                system.add_process(name, command, env=environment_by_process[name])
        code = _run(system)
        if code:
            _say(f"More in {settings.run_dir}/redis/redis.log and {settings.run_dir}/mailbox.log")
        _clear(paths)
    return code


def _run(system: System) -> int:
    try:
        system.loop()
    finally:
        system.kill()  # ends every process after any error, e.g. a closed terminal
    return 0 if system.returncode in STOPPED_BY_SIGNAL else 1


def _migrate(environment: dict[str, str]) -> int:
    return subprocess.run(["identity", "migrate"], env=environment, check=False).returncode


def _announce(paths: RunPaths, started: float) -> None:
    from deploy.local.readiness import wait_until_ready  # imports a Redis client while the processes start

    wait_until_ready(paths, _say)
    _say(
        READY.format(
            seconds=time.monotonic() - started,
            identity=paths.identity_url,
            mailbox=paths.mailbox_url,
            redis=f"redis://127.0.0.1:{paths.settings.redis_port}",
            directory=paths.settings.run_dir,
            clean=_clean(paths.settings.run_dir),
        )
    )
    if paths.settings.demo:
        _say(f"Sample port service: {paths.pass_demo_url}  (linked from the portal's home)")
        from deploy.local.demo import make_demo  # imports an HTTP client, which only the demo needs

        _say(make_demo(paths))


def _clean(run_dir: str) -> str:
    """Return the command that deletes the data of this copy."""
    return "make clean-run" if run_dir == RUN_DIR else f"make clean-run RUN_DIR={shlex.quote(run_dir)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def _run_lock(root: Path) -> Iterator[None]:
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"RUN_DIR: another copy runs in {root}; choose another, e.g. RUN_DIR=.run2", file=sys.stderr
            )
            raise SystemExit(2) from None
        yield


def _clear(paths: RunPaths) -> None:
    if paths.socket.parent != paths.redis:
        shutil.rmtree(paths.socket.parent, ignore_errors=True)


def _exit(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
