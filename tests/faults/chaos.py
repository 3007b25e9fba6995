"""One run: the stage is set, people come, the storm rages, everything settles, and is reckoned."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from tests.faults.evidence import gather
from tests.faults.faults import AHEAD_SECONDS
from tests.faults.load import People
from tests.faults.reckoning import Reckoning, reckon
from tests.faults.report import Run
from tests.faults.stage import Stage
from tests.faults.storm import Storm, settle

_PEOPLE = 8
_CALM_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is made of; `lives` are begun each second, links and codes hold `lifetime_seconds`."""

    seed: int
    minutes: float
    kill_every: float
    without: str | None = None
    only: tuple[str, ...] = ()
    lives: float = 1.0
    lifetime_seconds: float = 60.0
    settle_seconds: float = 180.0


def chaos(plan: Plan) -> tuple[Run, Reckoning]:
    """Let the storm rage over the whole system, wait until it has settled, and reckon."""
    with ExitStack() as stack:
        stage = Stage(stack, lifetime_seconds=plan.lifetime_seconds, without=plan.without)
        stage.open()
        people = People(stage.url, stage.postbag, count=_PEOPLE, rate=plan.lives, seed=plan.seed)
        people.start()
        time.sleep(_CALM_SECONDS)
        storm = Storm(
            stage, seed=plan.seed, seconds=plan.minutes * 60, kill_every=plan.kill_every, only=plan.only
        )
        storm.rage()
        people.stop()
        settled = settle(stage, seconds=plan.settle_seconds)
        found = reckon(gather(stage, storm.damage, ahead_seconds=AHEAD_SECONDS))
        exit_codes = stage.cast.stop()
    run = Run(
        seed=plan.seed,
        minutes=plan.minutes,
        kills=dict(stage.cast.kills),
        blows=storm.blows,
        done=dict(people.done),
        troubles=dict(people.troubles),
        settled=settled,
        exit_codes=exit_codes,
    )
    return run, found
