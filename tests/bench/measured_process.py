"""A started process with its CPU time and memory."""

import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.cpu_and_memory import cpu_seconds, pss_mib
from tests.support import ROOT
from tests.support.harness.processes import Program


class Process(Program):
    """A program that runs in the root of the repository. `started_at` is time.perf_counter()."""

    def __init__(self, *command: str, environment: Mapping[str, str], directory: Path) -> None:
        self.started_at = time.perf_counter()
        super().__init__(*command, environment=environment, directory=directory, cwd=ROOT)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the program and its descendants."""
        return cpu_seconds(self.pid)

    def pss_mib(self) -> float:
        """Return the memory of the program and its children, in MiB."""
        return pss_mib(self.pid, *self.children())
