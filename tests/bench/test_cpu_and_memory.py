"""The foreign share of the machine, from constructed files of /proc, and the CPU time of a busy process."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.bench.cpu_and_memory import CpuTime, cpu_seconds, foreign_share, read_cpu_time

# user nice system idle iowait irq softirq steal guest guest_nice; user time includes guest time
_STAT_BEFORE = "cpu  47000 511 10117 61362 534 0 529 216 0 0\ncpu0 22371 248 4569 32588 120 0 158 104 0 0\n"
_STAT_AFTER = "cpu  47290 511 10157 61402 544 0 539 226 90 0\ncpu0 22571 248 4589 32588 125 0 158 104 90 0\n"
_BURN = """
import sys, time
while time.process_time() < 0.2:
    pass
print(time.process_time(), flush=True)
sys.stdin.read()
"""


def _record(proc: Path, *, stat: str, processes: Mapping[int, str]) -> None:
    (proc / "stat").write_text(stat)
    for pid, fields in processes.items():
        (proc / str(pid)).mkdir(exist_ok=True)
        (proc / str(pid) / "stat").write_text(f"{pid} {fields} 20 0 1 0 60510 3133440 359\n")


def _read(proc: Path) -> CpuTime:
    return read_cpu_time(lambda: cpu_seconds(100, proc=proc), proc)


def test_foreign_share_excludes_idle_time_and_our_process_tree(tmp_path: Path) -> None:
    ours = "(python) S {} 100 100 0 -1 4194304 98 0 0 0"
    before = {
        100: f"{ours.format(1)} 50 10 300 40",
        101: f"{ours.format(100)} 1000 100 0 0",
        102: "(a (strange) name) R 101 100 100 0 -1 4194304 98 0 0 0 500 50 0 0",
        200: f"{ours.format(1)} 900 900 0 0",
    }
    after = {
        **before,
        100: f"{ours.format(1)} 60 10 320 40",  # 10 ticks of the process, 20 of a child that has ended
        102: "(a (strange) name) R 101 100 100 0 -1 4194304 98 0 0 0 600 70 0 0",
        200: f"{ours.format(1)} 1900 900 0 0",
    }
    _record(tmp_path, stat=_STAT_BEFORE, processes=before)
    first = _read(tmp_path)

    _record(tmp_path, stat=_STAT_AFTER, processes=after)
    second = _read(tmp_path)

    assert second.own - first.own == pytest.approx(1.5)
    assert second.busy - first.busy == pytest.approx(3.5)  # includes steal; counts guest time once
    assert foreign_share(first, second) == pytest.approx(2.0 / 4.0)


def test_our_own_load_is_not_foreign_and_rounding_does_not_make_it_negative() -> None:
    before = CpuTime(busy=10, total=100, own=5)

    assert foreign_share(before, CpuTime(busy=12, total=104, own=7.01)) == 0


def test_cpu_time_of_a_busy_child_is_ours_while_it_runs_and_after_its_end() -> None:
    before = cpu_seconds(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", _BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        burnt = float(child.stdout.readline())
        running, alone = cpu_seconds(os.getpid()) - before, cpu_seconds(child.pid)
    ended = cpu_seconds(os.getpid()) - before

    assert alone == pytest.approx(burnt, abs=0.05)
    assert burnt - 0.05 <= running <= ended
    assert cpu_seconds(child.pid) == 0
