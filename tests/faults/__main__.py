"""`make chaos SEED=… MINUTES=…`: inject faults, check consistency, print the table and write chaos.json.

The exit code is 1 for a violation, or if the system does not become idle. With `--prove`, the harness runs once without
each protection and must report a violation that the protection prevents; otherwise the exit code is 1.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from tests.faults.altered_commands import WITHOUT
from tests.faults.fault_kinds import FAULTS
from tests.faults.fault_run import Plan, run_plan
from tests.faults.protection_proofs import PROOFS
from tests.faults.report import as_json, lines


def main() -> int:
    options = _options()
    if options.prove:
        return 0 if all([_proven(name) for name in options.without or PROOFS]) else 1  # noqa: C419 - run every proof
    began = time.monotonic()
    plan = Plan(
        seed=options.seed,
        minutes=options.minutes,
        kill_every=options.kill_every,
        without=next(iter(options.without), None),
        only=tuple(options.only),
    )
    run, report = run_plan(plan)
    _say(*lines(run, report))
    path = Path(os.environ.get("RUN_DIR", ".run")) / "chaos.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(run, report), ensure_ascii=False, indent=2, default=str) + "\n")
    passed = run.settled and not report.violations()
    _say("", f"{'passed' if passed else 'FAILED'} in {time.monotonic() - began:.0f} s; written to {path}")
    return 0 if passed else 1


def _proven(name: str) -> bool:
    """Run without a protection; return whether an expected violation was reported."""
    proof = PROOFS[name]
    _, report = run_plan(proof.plan)
    reported = {what: len(cases) for what, cases in report.violations().items()}
    seen = any(reported.get(what) for what in proof.expected)
    _say(f"without {name:<12} {'reported' if seen else 'NOT REPORTED'}: {reported or 'nothing'}")
    return seen


def _say(*lines_: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines_))
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--kill-every", type=float, default=4, help="seconds between two kills, on average")
    parser.add_argument("--only", action="append", default=[], choices=FAULTS, help="only these faults")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=WITHOUT,
        help="protection to switch off; without --prove, only the first",
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="check that the harness reports each protection that is switched off",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
