"""A busy mailer's threads stay together on one core, and let go of it when there is little to do (MAIL-7)."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mailer.adapters.core import OneCore, chosen
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


def test_a_busy_mailer_takes_the_core_that_is_freest() -> None:
    assert chosen({0: 0.9, 1: 0.4, 2: 0.6}, own=0.8, kept_on=None, chance=always) == 1


def test_it_stays_while_the_core_is_its_own() -> None:
    assert chosen({0: 1.0, 1: 0.0}, own=0.95, kept_on=0, chance=always) == 0


def test_it_moves_when_others_need_its_core_more_than_another() -> None:
    assert chosen({0: 1.0, 1: 0.1}, own=0.5, kept_on=0, chance=always) == 1


def test_of_two_on_one_core_chance_lets_one_stay() -> None:
    assert chosen({0: 1.0, 1: 0.1}, own=0.5, kept_on=0, chance=never) == 0


@several_cores
def test_all_threads_of_a_busy_process_are_kept_on_one_core_and_let_go_when_it_rests() -> None:
    allowed, over = os.sched_getaffinity(0), threading.Event()
    bystander = threading.Thread(target=over.wait)
    bystander.start()
    core = OneCore(busy=0.1, chance=never)
    try:
        wait_until(lambda: spread(core, after_work=True) == 1, what="threads that are kept together")
        wait_until(lambda: spread(core, after_work=False) == len(allowed), what="threads that are let go")
    finally:
        over.set()
        bystander.join()
        os.sched_setaffinity(0, allowed)


def spread(core: OneCore, *, after_work: bool) -> int:
    """Let it settle; return on how many cores the threads may run, 0 where not all on the same."""
    if after_work:
        spend_processor_time(0.1)
    core.settle()
    cores, *others = affinities()
    return 0 if others else len(cores)


def affinities() -> set[frozenset[int]]:
    """Where the threads of this process may run."""
    tasks = list(Path("/proc/self/task").iterdir())
    assert len(tasks) > 1
    found = set()
    for task in tasks:
        with suppress(ProcessLookupError):  # a thread of another test's servers that has ended meanwhile
            found.add(frozenset(os.sched_getaffinity(int(task.name))))
    return found


def spend_processor_time(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        sum(range(1000))
