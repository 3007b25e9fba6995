"""Metrics, which a service declares in a catalogue; its instruments are created from the catalogue (OPS-4).

    LOGINS = counter("identity_logins_total", "logins", "Logins by outcome", outcome=("ok", "refused"))
    instruments = Instruments((LOGINS,))
    instruments.counter(LOGINS).labels("ok").inc()

Labels have few values: a route template, never a URL; an outcome, never a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import prometheus_client as prometheus
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Kind = Literal["counter", "gauge", "histogram"]
_CLASSES: Final[Mapping[Kind, Callable[..., Any]]] = {
    "counter": prometheus.Counter,
    "gauge": prometheus.Gauge,
    "histogram": prometheus.Histogram,
}

# Seconds: from a cached answer to the longest request or mail.
LATENCY: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of a catalogue.

    `labels` maps each label to its values, or to () if the values are bounded elsewhere, such as routes. An observable
    metric has no instrument; it is collected at each scrape.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = LATENCY
    is_observable: bool = False

    @property
    def family(self) -> str:
        """The name of the metric family in prometheus_client, which omits a counter's `_total`."""
        return self.name.removesuffix("_total")

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the metric's series, as used in queries."""
        if self.kind == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)


def counter(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    return Metric(name=name, kind="counter", unit=unit, description=meaning, labels=labels)


def gauge(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    """Declare a gauge that the process sets."""
    return Metric(name=name, kind="gauge", unit=unit, description=meaning, labels=labels)


def observable_gauge(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    """Declare a gauge that is collected at each scrape."""
    return Metric(name=name, kind="gauge", unit=unit, description=meaning, labels=labels, is_observable=True)


def histogram(
    name: str, meaning: str, *, buckets: tuple[float, ...] = LATENCY, **labels: tuple[str, ...]
) -> Metric:
    """Declare a histogram of durations in seconds."""
    return Metric(
        name=name, kind="histogram", unit="seconds", description=meaning, labels=labels, buckets=buckets
    )


class Sample(NamedTuple):
    """A value of an observable metric; `labels` are label values in the order of `metric.labels`."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


class Instruments:
    """The instruments of one process, or of several that share a directory (see `multiprocess_metrics`)."""

    def __init__(self, catalogue: Iterable[Metric], *, shared: str | None = None) -> None:
        self._catalogue = tuple(catalogue)
        self._shared = shared
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # not typed; `_created` would double the series
        self._own = prometheus.CollectorRegistry()
        own = (metric for metric in self._catalogue if not metric.is_observable)
        self._instruments = {metric.name: _instrument(metric, self._own) for metric in own}

    def counter(self, metric: Metric) -> prometheus.Counter:
        instrument: prometheus.Counter = self._instruments[metric.name]
        return instrument

    def gauge(self, metric: Metric) -> prometheus.Gauge:
        instrument: prometheus.Gauge = self._instruments[metric.name]
        return instrument

    def histogram(self, metric: Metric) -> prometheus.Histogram:
        instrument: prometheus.Histogram = self._instruments[metric.name]
        return instrument

    def registry(self, collect: Callable[[], Iterable[Sample]] = tuple) -> prometheus.CollectorRegistry:
        """Return a registry with the whole catalogue; `collect` is called at each scrape for the observable metrics."""
        stored = partial(_shared_metrics, Path(self._shared)) if self._shared else self._own.collect
        registry = prometheus.CollectorRegistry()
        registry.register(_Catalogued(self._catalogue, stored, collect))
        return registry


class _Catalogued(Collector):
    """Yields the metrics in the order of the catalogue, including those without a series."""

    def __init__(
        self,
        catalogue: tuple[Metric, ...],
        stored: Callable[[], Iterable[Family]],
        collect: Callable[[], Iterable[Sample]],
    ) -> None:
        self._catalogue, self._stored, self._collect = catalogue, stored, collect

    def collect(self) -> Iterator[Family]:
        stored = {family.name: family for family in self._stored()}
        samples = [sample for sample in self._collect() if sample.metric in self._catalogue]
        for metric in self._catalogue:
            family = stored.get(metric.family) or Family(metric.family, metric.description, metric.kind)
            for sample in samples:
                if sample.metric is metric:
                    labels = dict(zip(metric.labels, sample.labels, strict=True))
                    family.add_sample(metric.name, labels, sample.value)
            yield family


def _shared_metrics(directory: Path) -> Iterable[Family]:
    """Return the metrics with the sums of all processes, from their files."""
    # A process that is starting, or was killed while starting, has an empty file.
    files = [str(file) for file in directory.glob("*.db") if _size(file)]
    merged: Iterable[Family] = MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]  # prometheus-client does not type it
    return merged


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # deleted when its process ended
        return 0


def _instrument(metric: Metric, registry: prometheus.CollectorRegistry) -> Any:
    arguments: dict[str, Any] = {"labelnames": tuple(metric.labels), "registry": registry}
    if metric.kind == "gauge":
        arguments["multiprocess_mode"] = "livesum"  # with several processes: the sum over running processes
    elif metric.kind == "histogram":
        arguments["buckets"] = metric.buckets
    instrument: Any = _CLASSES[metric.kind](metric.name, metric.description, **arguments)
    if metric.labels and all(metric.labels.values()):
        for values in product(*metric.labels.values()):
            instrument.labels(*values)  # start at 0, so that increase() sees the first event
    return instrument
