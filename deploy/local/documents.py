"""Documents made from the code: settings, users of Redis, OpenAPI, metrics, alert rules for Prometheus' operator.

`python -m deploy.local.documents write` makes them anew, `check` ends with 1 and names those that fell behind.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from identity.documents import openapi_document
from identity.metrics import RELAY, WEB
from identity.settings import RelaySettings, TidySettings
from identity.settings import Settings as IdentitySettings
from mailer.metrics import CATALOGUE as MAILER
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingDoc, describe

from deploy.local.acl import acl_example
from deploy.local.environment_file import environment_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from port_runtime.metrics import Metric

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OPENAPI = ROOT / "services/identity/openapi.json"
ENVIRONMENT = ROOT / "deploy/production.env.example"
ACL = ROOT / "deploy/redis/users.acl.example"
TABLE = re.compile(r"(<!-- settings: [^\n]*-->\n).*?(<!-- /settings -->)", re.DOTALL)
METRICS = ROOT / "deploy/observability/metrics.md"
ALERTS = ROOT / "deploy/observability/alerts.yaml"
RULE = ROOT / "deploy/observability/prometheus-rule.yaml"
RULE_HEAD = """\
# Made from alerts.yaml by `make docs`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: port-identity}
spec:
"""
EXPOSED = {"identity serve": WEB, "identity relay": RELAY, "mailer run": MAILER}
READERS: tuple[tuple[str, type], ...] = (
    ("identity", IdentitySettings),
    ("relay", RelaySettings),
    ("tidy", TidySettings),
    ("mailer", MailerSettings),
)


def documents() -> dict[Path, str]:
    """Return the text that each file should have."""
    readme = README.read_text()
    if not TABLE.search(readme):
        raise SystemExit("README.md: the marks of the settings table are gone")
    filled = TABLE.sub(lambda found: f"{found[1]}{settings_table()}\n{found[2]}", readme)
    return {
        README: filled,
        OPENAPI: f"{openapi_document()}\n",
        METRICS: metrics_document(),
        RULE: prometheus_rule(),
        ENVIRONMENT: environment_file(*gathered()),
        ACL: acl_example(),
    }


def gathered() -> tuple[dict[str, SettingDoc], dict[str, list[str]]]:
    """Return every variable once by its name, and the processes that read it."""
    rows: dict[str, SettingDoc] = {}
    readers: dict[str, list[str]] = {}
    for reader, settings in READERS:
        for doc in describe(settings):
            rows.setdefault(doc.name, doc)
            readers.setdefault(doc.name, []).append(reader)
    return rows, readers


def settings_table() -> str:
    """Return every variable once, with the processes that read it, as a Markdown table."""
    rows, readers = gathered()
    head = ["| name | read by | meaning | default |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(_row(doc, readers[name]) for name, doc in rows.items())])


def _row(doc: SettingDoc, readers: list[str]) -> str:
    default = "must be set" if doc.required else f"`{doc.default_text}`" if doc.default_text else "none"
    return f"| `{doc.name}` | {', '.join(readers)} | {doc.doc} | {default} |"


def metrics_document() -> str:
    """Return every metric of every process, as Markdown tables."""
    lines = [
        "# What is measured",
        "",
        "Made from `identity/metrics.py` and `mailer/metrics.py` by `make docs`. Each process tells it as `/metrics`",
        "of its operators' port (`IDENTITY_METRICS_BIND`, `IDENTITY_RELAY_METRICS_BIND`, `MAILER_METRICS_BIND`), which",
        "also has `/livez` and `/readyz`. A label in *italics* has whatever values the installation brings, such as",
        "its routes; a figure that cannot be looked up just now has no series.",
    ]
    for command, catalogue in EXPOSED.items():
        lines += [
            "",
            f"## `{command}`",
            "",
            "| name | kind | unit | labels | meaning |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += map(_metric_row, catalogue)
    return "\n".join([*lines, ""])


def prometheus_rule() -> str:
    """Return the alert rules as Prometheus' operator takes them."""
    lines = (line for line in ALERTS.read_text().splitlines() if not line.startswith("#"))
    return RULE_HEAD + "".join(f"  {line}\n" for line in lines)


def _metric_row(metric: Metric) -> str:
    labels = "; ".join(
        f"{name}: {', '.join(values)}" if values else f"*{name}*" for name, values in metric.labels.items()
    )
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.meaning} |"


def behind() -> Iterator[Path]:
    """Yield the files that do not say what the code says."""
    for path, text in documents().items():
        if not path.exists() or path.read_text() != text:
            yield path


def main(command: str) -> int:
    """Write or check; return the exit code."""
    if command == "write":
        for path, text in documents().items():
            path.write_text(text)
        return 0
    stale = [str(path.relative_to(ROOT)) for path in behind()]
    for name in stale:
        print(f"{name} is behind the code: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
