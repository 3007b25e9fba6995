"""The threads of a busy mailer are pinned to one core, and unpinned when it is idle (MAIL-7)."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mailer.adapters.cpu_affinity import CpuAffinity, choose_core
from tests.support.harness.waiting import wait_until

pytestmark = pytest.mark.rule("MAIL-7")
several_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and more than one core",
)


def never() -> float:
    return 1.0


def always() -> float:
    return 0.0


def test_a_busy_mailer_is_pinned_to_the_least_busy_core() -> None:
    assert choose_core({0: 0.9, 1: 0.4, 2: 0.6}, own=0.8, current=None, rng=always) == 1


def test_it_stays_while_no_other_process_needs_the_core() -> None:
    assert choose_core({0: 1.0, 1: 0.0}, own=0.95, current=0, rng=always) == 0


def test_it_moves_when_other_processes_need_its_core() -> None:
    assert choose_core({0: 1.0, 1: 0.1}, own=0.5, current=0, rng=always) == 1


def test_of_two_mailers_on_one_core_one_stays_at_random() -> None:
    assert choose_core({0: 1.0, 1: 0.1}, own=0.5, current=0, rng=never) == 0


@several_cores
def test_all_threads_of_a_busy_process_are_pinned_and_unpinned_when_it_is_idle() -> None:
    allowed, over = os.sched_getaffinity(0), threading.Event()
    bystander = threading.Thread(target=over.wait)
    bystander.start()
    core = CpuAffinity(busy=0.1, rng=never)
    try:
        wait_until(lambda: spread(core, after_work=True) == 1, what="pinned threads")
        wait_until(lambda: spread(core, after_work=False) == len(allowed), what="unpinned threads")
    finally:
        over.set()
        bystander.join()
        os.sched_setaffinity(0, allowed)


def spread(core: CpuAffinity, *, after_work: bool) -> int:
    """Adjust; return the number of cores that the threads may run on, 0 if it differs between threads."""
    if after_work:
        spend_processor_time(0.1)
    core.adjust()
    cores, *others = affinities()
    return 0 if others else len(cores)


def affinities() -> set[frozenset[int]]:
    """Return the affinities of this process' threads."""
    tasks = list(Path("/proc/self/task").iterdir())
    assert len(tasks) > 1
    found = set()
    for task in tasks:
        with suppress(ProcessLookupError):  # a thread that has ended
            found.add(frozenset(os.sched_getaffinity(int(task.name))))
    return found


def spend_processor_time(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        sum(range(1000))
