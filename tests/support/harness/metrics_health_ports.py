"""The metrics and health ports of an installation's processes."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from tests.support.actors.people import NO_TLS
from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port

VARIABLES = {
    "web": "IDENTITY_METRICS_BIND",
    "relay": "IDENTITY_RELAY_METRICS_BIND",
    "notify": "IDENTITY_NOTIFY_METRICS_BIND",
    "mailer": "MAILER_METRICS_BIND",
}


@dataclass(frozen=True)
class Scrape:
    """The metrics of a process in Prometheus' text format."""

    text: str

    @property
    def families(self) -> dict[str, Family]:
        """Each metric by its name, a counter without the suffix `_total`."""
        return {family.name: family for family in text_string_to_metric_families(self.text)}

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the series with these labels, 0 without a series."""
        return sum(self.series(name, **labels))

    def series(self, name: str, **labels: str) -> Iterator[float]:
        for family in self.families.values():
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    yield sample.value

    def labels(self, name: str, label: str) -> set[str]:
        """Return all values of a label of the series with this name."""
        samples = (sample for family in self.families.values() for sample in family.samples)
        return {sample.labels[label] for sample in samples if sample.name == name}


class MetricsHealthPorts:
    """A port for each kind of process; `settings` contains the variables that open the ports."""

    def __init__(self) -> None:
        self._ports = {part: free_port() for part in VARIABLES}

    @property
    def settings(self) -> dict[str, str]:
        """The variables for `Installation.start`."""
        return {VARIABLES[part]: f"127.0.0.1:{port}" for part, port in self._ports.items()}

    def url(self, part: str, path: str) -> str:
        return f"http://127.0.0.1:{self._ports[part]}{path}"

    def get(self, part: str, path: str) -> httpx.Response:
        return httpx.get(self.url(part, path), timeout=20, verify=NO_TLS, trust_env=False)

    def scrape(self, part: str) -> Scrape:
        """Return the metrics of a process, or of the processes behind one port."""
        answer = self.get(part, "/metrics")
        assert answer.status_code == 200, answer.text
        return Scrape(answer.text)

    def scrape_with(self, part: str, name: str, value: float, **labels: str) -> Scrape:
        """Scrape until the metric has the value: a mail is counted after its outcome is recorded."""
        wait_until(
            lambda: self.scrape(part).value(name, **labels) == value, what=f"{name} {labels} to be {value}"
        )
        return self.scrape(part)
