"""Writes the results of runs into README.md: `python -m tests.bench.readme_results FIRST.json SECOND.json`.

Each file is a copy of `.run/bench.json` and becomes a column. The chart's table gets those figures of the last run that
were measured in quiet slots; its other values stay.
"""

import json
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.terminal_table import number

README = Path(__file__).with_name("README.md")
_RESULTS = re.compile(r"(<!-- results[^\n]*-->\n).*?(<!-- /results -->)", re.DOTALL)
_Figure = dict[str, Any]


def _measured(figure: _Figure) -> float:
    return float(figure["quartiles"][1])


def _product(name: str) -> Callable[[_Figure], float]:
    """Return a function that reads the product's CPU time ("cpu_ms") or a detail: the median of quiet slots."""

    def read(figure: _Figure) -> float:
        sides = [slot["product"] for slot in figure["slots"] if slot["is_quiet"]]
        if name == "cpu_ms":
            return statistics.median(float(sum(side["cpu_ms"].values())) for side in sides)
        return statistics.median(float(side["details"][name]) for side in sides)

    return read


CHART: dict[str, tuple[str, Callable[[_Figure], float]]] = {
    "logins, share of Argon2id alone": ("logins per second ÷ Argon2id alone", _measured),
    "registrations, share of Argon2id alone": ("registrations per second ÷ Argon2id alone", _measured),
    "“who am I”, share of an empty Flask route": ("GET /session per second ÷ empty route", _measured),
    "CPU of a login in ms": ("logins per second ÷ Argon2id alone", _product("cpu_ms")),
    "memory idle in MiB": ("web processes, idle: memory (PSS)", _measured),
    "memory under load in MiB": ("web processes, 8 clients log in: memory (PSS)", _measured),
    "CPU of a start in s": ("start of the web processes to the first answer", _product("CPU s")),
}
"""By the start of a row's title in the chart's table: the name of its figure, and how to read the value."""


def main() -> None:
    if not (paths := sys.argv[1:]):
        raise SystemExit(__doc__)
    reports = [json.loads(Path(path).read_text()) for path in paths]
    README.write_text(with_results(README.read_text(), reports))
    sys.stdout.write("README.md is written; `make docs` draws its chart\n")


def with_results(text: str, reports: Sequence[Any]) -> str:
    """Return the README's text with the results of these runs; list rows of the chart without a result on stderr."""
    table = "".join(f"{line}\n" for line in _results(reports))
    text = _RESULTS.sub(lambda marks: f"{marks[1]}{table}{marks[2]}", text)
    for title, value in _chart(reports[-1]):
        text = re.sub(rf"(?m)^(\| {re.escape(title)}[^|]*\|) [^|]* (\|)", rf"\1 {number(value)} \2", text)
    return text


def _results(reports: Sequence[Any]) -> Iterator[str]:
    """Yield the lines of the table: the figures of the first and the last run, with a column for each run."""
    yield f"| figure | goal | {' | '.join(report['at'][:16].replace('T', ' ') for report in reports)} |"
    yield "| --- " * (2 + len(reports)) + "|"
    runs = [{figure["name"]: figure for figure in report["figures"]} for report in reports]
    for name, figure in {**runs[0], **runs[-1]}.items():
        cells = [_cell(run[name]) if name in run else "" for run in runs]
        yield f"| {name} | {figure['goal'] or ''} | {' | '.join(cells)} |"


def _cell(figure: _Figure) -> str:
    lower, median, upper = map(number, figure["quartiles"])
    unit = "" if figure["unit"] == "×" else f" {figure['unit']}"
    spread = f" ({lower}–{upper})" if len(figure["slots"]) > 1 else ""
    verdict = "" if figure["verdict"] == "-" else f" {figure['verdict']};"
    by_cpu = f" by CPU {number(figure['cpu_ratio'])};" if figure["cpu_ratio"] else ""
    return f"{median}{unit}{spread}{verdict}{by_cpu} foreign load {figure['foreign']:.0%}"


def _chart(report: Any) -> Iterator[tuple[str, float]]:
    """Yield the title and value of each row of the chart whose figure was measured in quiet slots."""
    figures = {figure["name"]: figure for figure in report["figures"]}
    for title, (name, read) in CHART.items():
        figure = figures.get(name)
        if figure and figure["quiet_slots"]:
            yield title, read(figure)
        else:
            sys.stderr.write(f"no quiet figure for the chart: {title}\n")


if __name__ == "__main__":
    main()
