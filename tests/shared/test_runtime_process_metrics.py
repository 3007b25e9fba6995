"""Metrics of a process agree with the operating system and include its children (OPS-4)."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import psutil  # type: ignore[import-untyped]
import pytest
from port_runtime.process_metrics import (
    CPU,
    MAX_FDS,
    MEMORY,
    OPEN_FDS,
    STARTED,
    ProcessUsageCollector,
    build_info,
)

pytestmark = pytest.mark.rule("OPS-4")

BUILD = build_info("runtime")
_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "sum(range(6_000_000)); print('ready', flush=True); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
input()
child.communicate(b"\\n")
print("alone", flush=True)
input()
"""


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[bytes]"]:
    """A process with a child that has used CPU time. A line on its input ends the child, a second line the process."""
    command = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def values(pid: int) -> dict[str, float]:
    collector = ProcessUsageCollector(BUILD, "port-runtime", pid=lambda: pid)
    return {sample.metric.name: sample.value for sample in collector.collect()}


@pytest.fixture
def alone() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def test_the_metrics_of_a_process_match_the_operating_system(alone: "subprocess.Popen[bytes]") -> None:
    found, known = values(alone.pid), psutil.Process(alone.pid)

    assert found[MEMORY.name] == pytest.approx(known.memory_info().rss, rel=0.1)
    assert found[STARTED.name] == pytest.approx(known.create_time(), abs=1)
    assert found[OPEN_FDS.name] == pytest.approx(known.num_fds(), abs=1)
    assert found[MAX_FDS.name] == known.rlimit(psutil.RLIMIT_NOFILE)[0]


def test_the_cpu_time_of_a_child_still_counts_after_its_end(parent: "subprocess.Popen[bytes]") -> None:
    before = values(parent.pid)
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(b"\n")
    parent.stdin.flush()
    parent.stdout.readline()
    after = values(parent.pid)

    of_child = psutil.Process(parent.pid).cpu_times().children_user
    assert of_child > 0
    assert before[CPU.name] > of_child - 0.001  # sums of floats may differ slightly
    assert after[CPU.name] >= before[CPU.name]
    assert after[MEMORY.name] < before[MEMORY.name]


def test_the_version_is_that_of_the_distribution() -> None:
    (build,) = [
        each for each in ProcessUsageCollector(BUILD, "port-runtime").collect() if each.metric is BUILD
    ]

    assert (build.value, build.labels) == (1, (version("port-runtime"),))
