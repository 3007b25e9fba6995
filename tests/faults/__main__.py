"""`make chaos SEED=… MINUTES=…`: the storm, the reckoning, the table; exit code 1 where the promise is broken."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.faults.evidence import gather
from tests.faults.faults import AHEAD_SECONDS, FAULTS
from tests.faults.launch import WITHOUT
from tests.faults.load import People
from tests.faults.reckoning import Reckoning, reckon
from tests.faults.report import Run, as_json, lines
from tests.faults.stage import Stage
from tests.faults.storm import Storm, settle

_PEOPLE, _LIVES_A_SECOND = 8, 1.0
_LIFETIME_SECONDS = 60.0
_CALM_SECONDS = 3.0
_SETTLE_SECONDS = 180.0


def main() -> int:
    """Run, print, write."""
    options = _options()
    began = time.monotonic()
    run, found = chaos(
        seed=options.seed,
        minutes=options.minutes,
        without=options.without,
        only=options.only,
        kill_every=options.kill_every,
    )
    sys.stdout.write("\n".join(lines(run, found)) + "\n")
    path = Path(os.environ.get("RUN_DIR", ".run")) / "chaos.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(run, found), ensure_ascii=False, indent=2, default=str) + "\n")
    kept = not found.wrong() and run.settled
    sys.stdout.write(
        f"\n{'kept' if kept else 'BROKEN'} in {time.monotonic() - began:.0f} s; written to {path}\n"
    )
    return 0 if kept else 1


def chaos(
    *,
    seed: int,
    minutes: float,
    without: str | None = None,
    only: Sequence[str] = (),
    kill_every: float = 4.0,
) -> tuple[Run, Reckoning]:
    """Let the storm rage over the whole system, wait until it has settled, and reckon."""
    with ExitStack() as stack:
        stage = Stage(stack, lifetime_seconds=_LIFETIME_SECONDS, without=without)
        stage.open()
        people = People(stage.url, stage.postbag, count=_PEOPLE, rate=_LIVES_A_SECOND, seed=seed)
        people.start()
        time.sleep(_CALM_SECONDS)
        storm = Storm(stage, seed=seed, seconds=minutes * 60, kill_every=kill_every, only=only)
        storm.rage()
        people.stop()
        settled = settle(stage, seconds=_SETTLE_SECONDS)
        found = reckon(gather(stage, storm.damage, ahead_seconds=AHEAD_SECONDS))
        exit_codes = stage.cast.stop()
    run = Run(
        seed=seed, minutes=minutes, kills=dict(stage.cast.kills), blows=storm.blows, done=dict(people.done),
        troubles=dict(people.troubles), settled=settled, exit_codes=exit_codes,
    )  # fmt: skip
    return run, found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--kill-every", type=float, default=4, help="seconds between two kills, on average")
    parser.add_argument("--without", choices=WITHOUT, help="switch a protection off, to see it reported")
    parser.add_argument("--only", action="append", default=[], choices=FAULTS, help="these faults alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
