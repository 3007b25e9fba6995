"""Each alert fires and stays quiet in its cases, according to promtool (OPS-4)."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.alert_cases import CASES, Series
from tests.support import ROOT

ALERTS = ROOT / "deploy/observability/alerts.yaml"
_LABELS = 'namespace="production", job="here", instance="a"'


@pytest.fixture
def promtool() -> str:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return tool


def labelled(series: str) -> str:
    """Return the series with the labels that a scrape adds, unless it has a namespace."""
    name, _, labels = series.rstrip("}").partition("{")
    if "namespace=" in labels:
        return series
    return f"{name}{{{', '.join(filter(None, (labels, _LABELS)))}}}"


def group(alert: str, series: Series, *, number: int) -> dict[str, Any]:
    """Return a test group that expects `number` alerts after 55 minutes."""
    firing = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    return {
        "interval": "1m",
        "input_series": [{"series": labelled(name), "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": "55m",
                "exp_samples": [{"labels": "{}", "value": number}] if number else [],
            }
        ],
    }


@pytest.mark.rule("OPS-4")
def test_every_alert_has_a_case() -> None:
    names = [rule["alert"] for each in yaml.safe_load(ALERTS.read_text())["groups"] for rule in each["rules"]]

    assert list(CASES) == names


@pytest.mark.rule("OPS-4")
def test_each_alert_fires_in_its_case_only(promtool: str, tmp_path: Path) -> None:
    groups = [
        group(alert, series, number=number)
        for alert, cases in CASES.items()
        for case in cases
        for series, number in ((case.fires, case.number), (case.quiet, 0))
    ]
    tests = {"rule_files": [str(ALERTS)], "evaluation_interval": "5m", "tests": groups}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))

    ended = subprocess.run(
        [promtool, "test", "rules", "tests.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, re.sub(r"\n\s*\n", "\n", ended.stdout + ended.stderr)
