"""The table that `make chaos` prints, and the same as JSON."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.reckoning import Reckoning
from tests.faults.storm import Blow

_MOST_CASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened, beside the reckoning."""

    seed: int
    minutes: float
    kills: Mapping[str, int]
    blows: Sequence[Blow]
    done: Mapping[str, int]
    troubles: Mapping[str, int]
    settled: bool
    exit_codes: Mapping[str, int | None]

    @property
    def longest_recovery(self) -> float:
        """Seconds from the end of a fault until all that was begun before was through, at worst."""
        return max((blow.recovered for blow in self.blows), default=0.0)


def lines(run: Run, found: Reckoning) -> Iterator[str]:
    """Yield the table."""
    yield f"seed {run.seed}, {run.minutes:g} minutes, {len(run.blows)} faults, {sum(run.kills.values())} kills"
    yield f"  killed -9: {_counts(run.kills)}"
    yield f"  done: {_counts(run.done)}"
    yield f"  people met: {_counts(run.troubles) or 'nothing'}"
    yield ""
    for name, value, wanted in _figures(run, found):
        yield f"{name:<66} {value:>10}  {wanted}"
    yield ""
    yield f"{'fault':<26} {'times':>5} {'lasted':>8} {'recovered after: median':>24} {'longest':>8}"
    yield from _blows(run.blows)
    for name, cases in found.wrong().items():
        yield ""
        yield f"{name}: {len(cases)}"
        yield from (f"  {case}" for case in cases[:_MOST_CASES])


def _figures(run: Run, found: Reckoning) -> Iterator[tuple[str, str, str]]:
    yield "changes committed", f"{found.changes:,}", ""
    yield "events of them", f"{found.events:,}", ""
    yield "changes without their event, events without their change", _two(found), "0, 0"
    yield "events lost by a consumer", f"{len(found.events_lost)}", "0"
    yield "events out of order for their subject", f"{len(found.out_of_order)}", "0"
    yield "events repeated after dedupe", f"{len(found.repeated)}", "0"
    yield f"mails asked for ({_counts(found.mails_by_state)})", f"{found.mails:,}", ""
    yield "mails lost", f"{len(found.mails_lost)}", "0"
    yield "mails doubled", f"{len(found.doubled)}", "0"
    yield (
        "  between the server's answer and our note (MAIL-3)",
        f"{len(found.doubled_unnoted)}",
        "counted apart",
    )
    yield (
        "  by a wiped Redis, its receipt not yet in the database (MAIL-3)",
        f"{len(found.doubled_wiped)}",
        "counted apart",
    )
    yield "mails sent after their expiry", f"{len(found.late)}", "0"
    yield "longest recovery, seconds", f"{run.longest_recovery:.1f}", ""


def _two(found: Reckoning) -> str:
    return f"{len(found.unpublished_changes)}, {len(found.unfounded_events)}"


def _blows(blows: Sequence[Blow]) -> Iterator[str]:
    by_name: dict[str, list[Blow]] = defaultdict(list)
    for blow in blows:
        by_name[blow.name].append(blow)
    for name, some in sorted(by_name.items()):
        recovered = [blow.recovered for blow in some]
        lasted = statistics.median(blow.lasted for blow in some)
        yield f"{name:<26} {len(some):>5} {lasted:>8.1f} {statistics.median(recovered):>24.1f} {max(recovered):>8.1f}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in Counter(counts).most_common())


def as_json(run: Run, found: Reckoning) -> dict[str, Any]:
    """Return all of it, every case named."""
    return {"run": {**asdict(run), "longest_recovery": run.longest_recovery}, "found": asdict(found)}
