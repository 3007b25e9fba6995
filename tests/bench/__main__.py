"""`make bench`: print figures with their goals and write .run/bench.json. ONLY=login,session selects benchmarks."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    backlog,
    http_load,
    large_database,
    logins_and_sessions,
    mailer_throughput,
    memory_and_start,
    oidc_endpoints,
    relay_and_mail_latency,
    terminal_table,
    unbinding_and_logout,
)
from tests.bench.argon2_alone import CORES
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Benchmark, Figure
from tests.bench.smtp_sink import sink_name
from tests.bench.time_slots import QUIET_SHARE

BENCHMARKS: dict[str, Benchmark] = {
    "login": logins_and_sessions.logins,
    "registration": logins_and_sessions.registrations,
    "session": logins_and_sessions.session,
    "session-busy": logins_and_sessions.session_under_logins,
    "page": logins_and_sessions.home_page,
    "introspection": oidc_endpoints.introspection,
    "documents": oidc_endpoints.documents,
    "code": oidc_endpoints.codes,
    "logout": unbinding_and_logout.unbinding_to_logout,
    "unbinding": unbinding_and_logout.unbinding_with_many_grants,
    "million": large_database.million_against_empty,
    "mail": relay_and_mail_latency.mail_latency,
    "relay": relay_and_mail_latency.relay_throughput,
    "mailer": mailer_throughput.against_a_plain_loop,
    "mailers": mailer_throughput.against_a_plain_actor,
    "mailers-numbers": mailer_throughput.in_numbers,
    "backlog": backlog.drain_backlog,
    "size": memory_and_start.idle_and_memory,
    "start": memory_and_start.starts,
}
REPORT = Path(os.environ.get("RUN_DIR", ".run")) / "bench.json"


def main() -> int:
    """Return 1 if a benchmark could not run. A missed goal is no error."""
    chosen = _chosen(sys.argv[1:])
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM")
    )  # so that `stack` stops its processes
    _say(
        f"{CORES} cores, load by {http_load.generator()}, mails to {sink_name()}.",
        f"Medians of the slots with a foreign load under {QUIET_SHARE:.0%} of the CPU; if none, of all slots (noisy).",
        "By CPU: the ratio of CPU times instead of rates or times.",
        "",
        terminal_table.head(),
    )
    figures: list[Figure] = []
    failed: list[str] = []
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        environment = Environment(stack)
        for name in chosen:
            seconds[name] = -time.monotonic()
            try:
                for figure in BENCHMARKS[name](environment):
                    is_first = not figures or figures[-1].slots is not figure.slots
                    _say(*terminal_table.lines(figure, with_sides=is_first))
                    figures.append(figure)
            except Exception as error:  # noqa: BLE001  # the other benchmarks go on
                failed.append(name)
                _say(f"{name}: could not be measured: {error}")
            seconds[name] += time.monotonic()
    _write(figures, failed=failed, seconds=seconds)
    return 1 if failed else 0


def _chosen(arguments: Sequence[str]) -> list[str]:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"comma separated, of {', '.join(BENCHMARKS)}")
    only = [name for name in parser.parse_args(arguments).only.split(",") if name]
    unknown = sorted(set(only) - set(BENCHMARKS))
    if unknown:
        parser.error(f"ONLY: unknown {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return only or list(BENCHMARKS)


def _write(figures: Sequence[Figure], *, failed: Sequence[str], seconds: Mapping[str, float]) -> None:
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {name: round(spent) for name, spent in seconds.items()},
        "cores": CORES,
        "load_generator": http_load.generator(),
        "mail_server": sink_name(),
        "figures": [figure.as_json() for figure in figures],
        "not_measured": list(failed),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    _say("")
    for verdict in ("missed", "noisy"):
        _say(*(f"{verdict}: {figure.name}" for figure in figures if figure.verdict == verdict))
    _say(f"{sum(seconds.values()) / 60:.1f} minutes; written to {REPORT}")


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
