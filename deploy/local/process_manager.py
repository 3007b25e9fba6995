"""A manager of honcho that also stops processes in order, and after early signals and a closed terminal."""

from __future__ import annotations

import os
import queue
import signal
import threading
from typing import TYPE_CHECKING, Any

from honcho.manager import Manager

if TYPE_CHECKING:
    from collections.abc import Callable

STOPPED_BY_SIGNAL = (130, 143)  # honcho's codes for Ctrl-C and SIGTERM
START_SECONDS = 20


class System(Manager):  # type: ignore[misc]  # honcho has no types
    """Runs the processes; calls `when_started` in a separate thread once all of them have a pid.

    A signal during the start is handled once every process has a pid. A closed terminal (SIGHUP) stops the system like
    SIGTERM. The process named `last` (Redis) stops after all others, which need it to stop cleanly.
    """

    def __init__(self, when_started: Callable[[], None], *, last: str) -> None:
        super().__init__()
        self._when_started = when_started
        self._last = last

    def _start(self) -> None:
        early: list[int] = []
        ends = (signal.SIGINT, signal.SIGTERM)
        usual = {number: signal.signal(number, lambda it, _: early.append(it)) for number in ends}
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        super()._start()
        self._await_pids()
        for number, handler in usual.items():
            signal.signal(number, handler)
        if early:
            os.kill(os.getpid(), early[0])
        else:
            threading.Thread(target=self._when_started, daemon=True).start()

    def _await_pids(self) -> None:
        others: list[Any] = []
        while not self._all_started():
            try:
                message = self.events.get(timeout=START_SECONDS)
            except queue.Empty:
                break
            if message.type == "start":
                self._processes[message.name]["pid"] = message.data["pid"]
            else:
                others.append(message)
        for message in others:
            self.events.put(message)

    def _killall(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - honcho's signature
        end = self._procmgr.kill if force else self._procmgr.terminate
        for name, process in self._processes.items():
            if "pid" in process and "returncode" not in process and (force or name != self._last):
                end(process["pid"])

    def _all_stopped(self) -> bool:
        """Return whether all have stopped; stop `last` after the others. honcho calls this repeatedly."""
        running = [name for name, process in self._processes.items() if "returncode" not in process]
        if self._terminating and running == [self._last]:
            self._procmgr.terminate(self._processes[self._last]["pid"])
        return not running
