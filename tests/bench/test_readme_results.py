"""The README's tables of benchmarks and of results."""

import json
import re

from tests.bench.__main__ import BENCHMARKS
from tests.bench.figures_and_goals import Figure, at_least
from tests.bench.readme_results import CHART, README, with_results
from tests.bench.time_slots import Measurement, Slot


def _report(value: float, *, foreign: float) -> object:
    side = Measurement(
        name="logins", unit="/s", value=value, details={}, cpu_ms={"service": 30.0, "PostgreSQL": 1.25}, foreign=foreign
    )  # fmt: skip
    figure = Figure(
        name="logins per second ÷ Argon2id alone", slots=[Slot(side), Slot(side)], goal=at_least(0.85)
    )
    return json.loads(json.dumps({"at": "2026-11-30T21:00:00+00:00", "figures": [figure.as_json()]}))


def test_the_readme_names_every_benchmark() -> None:
    names = re.findall(r"^\| `([a-z-]+)` \|", README.read_text(), re.MULTILINE)

    assert names == list(BENCHMARKS)


def test_each_run_is_a_column_and_the_chart_has_the_last_quiet_run() -> None:
    text = with_results(README.read_text(), [_report(0.5, foreign=0.4), _report(0.86, foreign=0.02)])

    assert (
        "| logins per second ÷ Argon2id alone | ≥ 0.85 | 0.500 (0.500–0.500) noisy; foreign load 40% |"
        " 0.860 (0.860–0.860) met; foreign load 2% |\n"
    ) in text
    assert "| logins, share of Argon2id alone, 8 clients (more is better) | 0.860 | 0.53 |" in text
    assert "| CPU of a login in ms, service and PostgreSQL (less is better) | 31.2 | 49.8 |" in text


def test_a_noisy_figure_does_not_get_into_the_chart() -> None:
    chart = README.read_text().partition("<!-- chart")[2]

    assert chart in with_results(README.read_text(), [_report(0.5, foreign=0.4)])


def test_the_chart_has_a_row_for_each_measured_figure() -> None:
    rows = README.read_text().partition("<!-- chart")[2]

    assert [title for title in CHART if f"\n| {title}" not in rows] == []
