"""`make bench`: print all figures with their goals and write .run/bench.json. ONLY=login,session runs some."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import backlog, load, logouts, mail, mailers, million, oauth, scale, size, web
from tests.bench.argon2 import CORES
from tests.bench.environment import Environment
from tests.bench.figures import Bench, Figure

BENCHES: dict[str, Bench] = {
    "login": web.logins,
    "registration": web.registrations,
    "session": web.session,
    "session-busy": web.session_under_logins,
    "introspection": oauth.introspection,
    "documents": oauth.documents,
    "code": oauth.codes,
    "logout": logouts.unbinding_to_logout,
    "unbinding": logouts.unbinding_with_many_grants,
    "scale": scale.many_against_few,
    "million": million.million_against_empty,
    "mail": mail.mail_latency,
    "relay": mail.relay_throughput,
    "mailer": mail.mailer_throughput,
    "mailers": mailers.against_a_plain_actor,
    "mailers-numbers": mailers.in_numbers,
    "backlog": backlog.drain_backlog,
    "size": size.idle_and_memory,
}
_WIDTHS = (58, 11, 9, 4)


def main() -> int:
    """Run the benchmarks; return 1 when one could not run, not when a goal is missed."""
    chosen = _chosen(sys.argv[1:])
    _say(f"{CORES} cores, load by {load.generator()}; ratios from one run, interleaved, medians", "")
    _row("figure", "measured", "goal", "met")
    figures, failed = [], []
    with ExitStack() as stack:
        stand = Environment(stack)
        for name in chosen:
            try:
                figures += list(_shown(BENCHES[name](stand)))
            except (AssertionError, RuntimeError, OSError) as error:
                failed.append(name)
                _say(f"{name}: could not be measured: {error}")
    _write(figures, failed)
    return 1 if failed else 0


def _chosen(arguments: Sequence[str]) -> list[str]:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"comma separated, of {', '.join(BENCHES)}")
    only = [name for name in parser.parse_args(arguments).only.split(",") if name]
    unknown = sorted(set(only) - set(BENCHES))
    if unknown:
        parser.error(f"ONLY: unknown {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    return only or list(BENCHES)


def _shown(figures: Iterator[Figure]) -> Iterator[Figure]:
    for figure in figures:
        unit = "" if figure.unit == "×" else f" {figure.unit}"
        goal = f"{figure.goal}{unit}" if figure.goal else "-"
        _row(figure.name, f"{figure.measured:.3g}{unit}", goal, figure.verdict)
        parts = (f"{name} {_text(part)}" for name, part in figure.parts.items())
        if figure.parts:
            _say(f"    {'; '.join(parts)}")
        yield figure


def _text(part: float | str) -> str:
    return part if isinstance(part, str) else f"{part:,.4g}" if part < 1000 else f"{part:,.0f}"


def _row(*cells: str) -> None:
    _say("  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip())


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _write(figures: Sequence[Figure], failed: Sequence[str]) -> None:
    path = Path(os.environ.get("RUN_DIR", ".run")) / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": CORES,
        "load_generator": load.generator(),
        "figures": [{**asdict(figure), "met": figure.verdict} for figure in figures],
        "not_measured": list(failed),
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    missed = [figure.name for figure in figures if figure.verdict == "NO"]
    _say("", *(f"missed: {one}" for one in missed), f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())
