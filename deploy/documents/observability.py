"""The list of metrics, and the alert rules for the Prometheus operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from identity.metrics.notify import NOTIFY
from identity.metrics.relay import RELAY
from identity.metrics.web import WEB
from mailer.metrics import CATALOGUE as MAILER

from deploy.documents.readme_tables import table

if TYPE_CHECKING:
    from port_runtime.metrics import Metric

FOLDER = Path(__file__).parents[1] / "observability"
METRICS = FOLDER / "metrics.md"
ALERTS = FOLDER / "alerts.yaml"
RULE = FOLDER / "prometheus-rule.yaml"
RULE_HEAD = """\
# Made from alerts.yaml by `make docs`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: port-identity}
spec:
"""
EXPOSED = {"identity serve": WEB, "identity relay": RELAY, "identity notify": NOTIFY, "mailer run": MAILER}


def documents() -> dict[Path, str]:
    return {METRICS: metrics_document(), RULE: prometheus_rule()}


def metrics_document() -> str:
    lines = [
        "# Metrics",
        "",
        "Generated from `identity/metrics/` and `mailer/metrics.py` by `make docs`. These processes serve `/metrics`",
        "on their metrics and health port (`IDENTITY_METRICS_BIND`, `IDENTITY_RELAY_METRICS_BIND`,",
        "`IDENTITY_NOTIFY_METRICS_BIND`, `MAILER_METRICS_BIND`), with `/livez` and `/readyz`. The values",
        "of a label in *italics* depend on the installation, such as its routes. A metric whose value cannot be read",
        "during a scrape is left out.",
    ]
    for command, catalogue in EXPOSED.items():
        head = ["name", "kind", "unit", "labels", "meaning"]
        lines += ["", f"## `{command}`", "", table(head, map(_metric_row, catalogue))]
    return "\n".join([*lines, ""])


def prometheus_rule() -> str:
    lines = (line for line in ALERTS.read_text().splitlines() if not line.startswith("#"))
    return RULE_HEAD + "".join(f"  {line}\n" for line in lines)


def _metric_row(metric: Metric) -> list[str]:
    labels = "; ".join(
        f"{name}: {', '.join(values)}" if values else f"*{name}*" for name, values in metric.labels.items()
    )
    return [f"`{metric.name}`", metric.kind, metric.unit, labels, metric.description]
