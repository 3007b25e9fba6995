"""One run: start the system, simulate users, inject faults, wait until the system settles, check consistency."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from tests.faults.consistency_check import ConsistencyReport, check_consistency
from tests.faults.environment import Environment
from tests.faults.evidence import gather
from tests.faults.fault_injector import FaultInjector, wait_until_settled
from tests.faults.fault_kinds import AHEAD_SECONDS
from tests.faults.report import Run
from tests.faults.simulated_users import SimulatedUsers

_USERS = 8
_WARM_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The parameters of a run. Without `only`, all faults that fit its length are injected.

    `kill_every` is the average number of seconds between two kills. All users together start `journeys_per_second`.
    Links, codes and notices are valid for `lifetime_seconds`. After the load the system gets `settle_seconds` at most.
    """

    seed: int
    minutes: float
    kill_every: float
    without: str | None = None
    only: tuple[str, ...] = ()
    journeys_per_second: float = 1.0
    lifetime_seconds: float = 60.0
    settle_seconds: float = 180.0


def run_plan(plan: Plan) -> tuple[Run, ConsistencyReport]:
    with ExitStack() as stack:
        environment = Environment(stack, lifetime_seconds=plan.lifetime_seconds, without=plan.without)
        environment.start()
        users = SimulatedUsers(
            environment.url,
            environment.mailbox,
            environment.client,
            count=_USERS,
            rate=plan.journeys_per_second,
            seed=plan.seed,
        )
        users.start()
        time.sleep(_WARM_UP_SECONDS)
        injector = FaultInjector(
            environment, seed=plan.seed, seconds=plan.minutes * 60, kill_every=plan.kill_every, only=plan.only
        )
        injector.run()
        users.stop()
        settled = wait_until_settled(environment, seconds=plan.settle_seconds)
        report = check_consistency(gather(environment, injector.damage, ahead_seconds=AHEAD_SECONDS))
        exit_codes = environment.supervisor.stop()
    run = Run(
        seed=plan.seed,
        minutes=plan.minutes,
        kills=dict(environment.supervisor.kills),
        results=injector.results,
        completed=dict(users.completed),
        errors=dict(users.errors),
        settled=settled,
        exit_codes=exit_codes,
    )
    return run, report
