"""The table that `make chaos` prints, and its JSON form."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.consistency_check import ConsistencyReport
from tests.faults.fault_injector import FaultResult

_MAX_CASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`kills` counts killed workers by kind, `completed` requests by step, `errors` interrupted journeys by reason."""

    seed: int
    minutes: float
    kills: Mapping[str, int]
    results: Sequence[FaultResult]
    completed: Mapping[str, int]
    errors: Mapping[str, int]
    settled: bool
    exit_codes: Mapping[str, int | None]

    @property
    def longest_recovery(self) -> float:
        return max((result.recovery_seconds for result in self.results), default=0.0)


def lines(run: Run, report: ConsistencyReport) -> Iterator[str]:
    yield f"seed {run.seed}, {run.minutes:g} minutes, {len(run.results)} faults, {sum(run.kills.values())} kills"
    yield f"  killed -9: {_counts(run.kills)}"
    yield f"  completed: {_counts(run.completed)}"
    yield f"  interrupted: {_counts(run.errors) or 'nothing'}"
    yield ""
    for name, value, limit in _figures(run, report):
        yield f"{name:<66} {value:>10}  {limit}"
    yield ""
    yield f"{'fault':<26} {'times':>5} {'seconds':>8} {'recovery: median':>24} {'longest':>8}"
    yield from _results(run.results)
    for name, cases in report.violations().items():
        yield ""
        yield f"{name}: {len(cases)}"
        yield from (f"  {case}" for case in cases[:_MAX_CASES])


def _figures(run: Run, report: ConsistencyReport) -> Iterator[tuple[str, str, str]]:
    yield "changes committed", f"{report.changes:,}", ""
    yield "events of these changes", f"{report.events:,}", ""
    yield "changes without their event, events without their change", _two(report), "0, 0"
    yield "events lost by a consumer", f"{len(report.events_lost)}", "0"
    yield "events out of order for their subject", f"{len(report.out_of_order)}", "0"
    yield "events repeated after dedupe", f"{len(report.duplicates)}", "0"
    yield f"entries published ({_counts(report.entries)})", f"{sum(report.entries.values()):,}", ""
    yield "entries on the wrong stream or at the wrong position", f"{len(report.misplaced)}", "0"
    yield f"mails requested ({_counts(report.mails_by_state)})", f"{report.mails:,}", ""
    yield "mails lost", f"{len(report.mails_lost)}", "0"
    yield "mails duplicated", f"{len(report.duplicate_mails)}", "0"
    yield (
        "  killed between the server's answer and its record (MAIL-3)",
        f"{len(report.duplicate_mails_unrecorded)}",
        "not limited",
    )
    yield (
        "  Redis wiped before the receipt was in the database (MAIL-3)",
        f"{len(report.duplicate_mails_wiped)}",
        "not limited",
    )
    yield "mails sent after their expiry", f"{len(report.late)}", "0"
    yield "logout notifications due", f"{report.logouts:,}", ""
    yield "logout notifications lost", f"{len(report.logouts_lost)}", "0"
    yield "logout notifications of active logins", f"{len(report.unexpected_logouts)}", "0"
    yield "  received more than once (OIDC-22)", f"{report.logouts_repeated}", "not limited"
    yield "longest recovery, seconds", f"{run.longest_recovery:.1f}", ""


def _two(report: ConsistencyReport) -> str:
    return f"{len(report.unpublished_changes)}, {len(report.unexpected_events)}"


def _results(results: Sequence[FaultResult]) -> Iterator[str]:
    by_name: dict[str, list[FaultResult]] = defaultdict(list)
    for result in results:
        by_name[result.name].append(result)
    for name, group in sorted(by_name.items()):
        recovered = [result.recovery_seconds for result in group]
        lasted = statistics.median(result.seconds for result in group)
        yield f"{name:<26} {len(group):>5} {lasted:>8.1f} {statistics.median(recovered):>24.1f} {max(recovered):>8.1f}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in Counter(counts).most_common())


def as_json(run: Run, report: ConsistencyReport) -> dict[str, Any]:
    return {"run": {**asdict(run), "longest_recovery": run.longest_recovery}, "found": asdict(report)}
