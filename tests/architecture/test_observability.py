"""Dashboard and alerts use only metrics of the catalogue, and the runbook explains each alert (OPS-4)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import promql_parser as promql
import pytest
import yaml
from identity.metrics.notify import NOTIFY
from identity.metrics.relay import RELAY
from identity.metrics.web import WEB
from mailer.metrics import CATALOGUE as MAILER
from port_runtime.metrics import Metric

from tests.support import ROOT

OBSERVABILITY = ROOT / "deploy/observability"
RUNBOOK = ROOT / "deploy/runbook.md"
CATALOGUE = (*WEB, *RELAY, *NOTIFY, *MAILER)
SERIES: dict[str, Metric] = {name: metric for metric in CATALOGUE for name in metric.series}
GRAFANA = {"$__rate_interval": "5m"}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[tuple[str, str]]:
    """Return title and query of each target of a panel, with Grafana's variables replaced."""
    board = json.loads((OBSERVABILITY / "dashboard.json").read_text())
    found = []
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"]
            for name, value in GRAFANA.items():
                query = query.replace(name, value)
            found.append((panel["title"], query))
    return found


def selected(query: str) -> Iterator[promql.VectorSelector]:
    """Yield the selectors of a query. Raises ValueError if it is not PromQL."""
    found: list[promql.VectorSelector] = []

    def record(expression: object) -> bool:
        if isinstance(expression, promql.VectorSelector):
            found.append(expression)
        return True

    promql.walk(promql.parse(query), record)
    yield from found


def unknown_names(query: str) -> Iterator[str]:
    """Yield the metrics, labels and values of a query that are not in the catalogue."""
    for selector in selected(query):
        metric = SERIES.get(selector.name or "")
        if metric is None:
            yield f"{selector.name} is not in the catalogue"
            continue
        for matcher in selector.matchers.matchers:
            values = metric.labels.get(matcher.name)
            if values is None:
                yield f"{metric.name} has no label {matcher.name}"
            elif values:
                yield from (
                    f"{matcher.name} of {metric.name} is never {value}"
                    for value in matcher.value.split("|")
                    if value not in values
                )


def headings() -> list[str]:
    return re.findall(r"^### (\S+)$", RUNBOOK.read_text(), re.MULTILINE)


QUERIES = [*((rule["alert"], rule["expr"]) for rule in alerts()), *panels()]


@pytest.mark.rule("OPS-4")
@pytest.mark.parametrize(
    ("title", "query"), QUERIES, ids=[f"{title} {n}" for n, (title, _) in enumerate(QUERIES)]
)
def test_each_query_of_an_alert_or_panel_uses_known_metrics(title: str, query: str) -> None:
    assert list(selected(query)), f"{title} selects no metric"
    assert list(unknown_names(query)) == []


@pytest.mark.rule("OPS-4")
def test_the_dashboard_shows_every_metric_of_the_catalogue() -> None:
    shown = {SERIES[selector.name or ""].name for _, query in panels() for selector in selected(query)}

    assert sorted({metric.name for metric in CATALOGUE} - shown) == []


@pytest.mark.rule("OPS-4")
def test_no_panel_aggregates_across_namespaces() -> None:
    added = re.compile(r"\b(?:sum|min|max|avg|count)\b(?! by \(namespace\b)")

    assert [query for _, query in panels() if added.search(query)] == []


@pytest.mark.rule("OPS-4")
def test_a_query_of_an_unknown_metric_is_reported() -> None:
    wrong = 'rate(identity_requests_total[5m]) + mailer_mails_total{outcome="lost"} + mailer_paused{by="me"}'

    assert len(list(unknown_names(wrong))) == 3
    with pytest.raises(ValueError, match="unclosed"):
        list(selected("sum(("))


@pytest.mark.rule("OPS-4")
def test_alerts_and_runbook_sections_match() -> None:
    names = [rule["alert"] for rule in alerts()]

    assert headings() == names
    assert len(names) == len(set(names))
    for rule in alerts():
        assert urlsplit(rule["annotations"]["runbook_url"]).fragment == rule["alert"].lower()
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.rule("OPS-4")
def test_each_runbook_section_has_meaning_checks_and_actions() -> None:
    pages = re.split(r"^#{2,3} .+$", RUNBOOK.read_text().partition("## Alerts")[2], flags=re.MULTILINE)

    for page, name in zip(pages[1:], headings(), strict=False):
        for part in ("**Meaning:**", "**Check:**", "**Action:**"):
            assert part in page, f"{name} lacks {part}"


@pytest.mark.rule("OPS-4")
def test_each_reference_of_the_runbook_names_a_section_or_panel() -> None:
    text = re.sub(r"\s+", " ", RUNBOOK.read_text())
    sections = set(re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE))
    references = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", text))

    assert sorted(references - sections - {title for title, _ in panels()}) == []


@pytest.mark.rule("OPS-4")
def test_the_rules_for_prometheus_operator_are_the_same_rules() -> None:
    rule = yaml.safe_load((OBSERVABILITY / "prometheus-rule.yaml").read_text())

    assert rule["kind"] == "PrometheusRule"
    assert rule["spec"] == yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())


@pytest.mark.rule("OPS-4")
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip(
            "promtool is not installed (Debian's package prometheus); other tests still parse the rules"
        )

    checked = subprocess.run(
        [tool, "check", "rules", str(OBSERVABILITY / "alerts.yaml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert checked.returncode == 0, checked.stderr
