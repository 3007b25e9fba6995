"""Metrics (OPS-4): a service names each in a catalogue, from which its instruments are made, and nothing else is.

    LOGINS = counter("identity_logins_total", "logins", "Logins by outcome", outcome=("ok", "refused"))
    instruments = Instruments((LOGINS,))
    instruments.counter(LOGINS).labels("ok").inc()

Labels hold what is bounded: a route's template, never an address; an outcome, never a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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

# Seconds. From a cached answer to the longest that anything here may take.
LATENCY: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One line of a catalogue.

    `labels` maps each to the values it can have, to none where they are bounded by something else, such as the
    routes. What is `observed` is not kept but looked up at each scrape.
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
        """The name as it stands in a TYPE line of the plain text format's library: a counter's has no _total."""
        return self.name.removesuffix("_total")

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query may use."""
        if self.kind == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)


def counter(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    """Return what only grows."""
    return Metric(name=name, kind="counter", unit=unit, description=meaning, labels=labels)


def gauge(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    """Return what goes up and down as it is told."""
    return Metric(name=name, kind="gauge", unit=unit, description=meaning, labels=labels)


def observable_gauge(name: str, unit: str, meaning: str, **labels: tuple[str, ...]) -> Metric:
    """Return what is looked up at each scrape."""
    return Metric(name=name, kind="gauge", unit=unit, description=meaning, labels=labels, is_observable=True)


def histogram(
    name: str, meaning: str, *, buckets: tuple[float, ...] = LATENCY, **labels: tuple[str, ...]
) -> Metric:
    """Return how long something takes, in seconds."""
    return Metric(
        name=name, kind="histogram", unit="seconds", description=meaning, labels=labels, buckets=buckets
    )


class Sample(NamedTuple):
    """What was looked up: the value of a metric, its labels in the catalogue's order."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


class Instruments:
    """The instruments of one process, or of several that share a directory (see `multiprocess_metrics`)."""

    def __init__(self, catalogue: Iterable[Metric], *, shared: str | None = None) -> None:
        self._catalogue = tuple(catalogue)
        self._shared = shared
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # not typed; each metric would have a second series, of no use
        self._own = prometheus.CollectorRegistry()
        kept = (metric for metric in self._catalogue if not metric.is_observable)
        self._instruments = {metric.name: _instrument(metric, self._own) for metric in kept}

    def counter(self, metric: Metric) -> prometheus.Counter:
        """Return the instrument; KeyError for what is not in the catalogue, as for the two below."""
        instrument: prometheus.Counter = self._instruments[metric.name]
        return instrument

    def gauge(self, metric: Metric) -> prometheus.Gauge:
        """Return the instrument."""
        instrument: prometheus.Gauge = self._instruments[metric.name]
        return instrument

    def histogram(self, metric: Metric) -> prometheus.Histogram:
        """Return the instrument."""
        instrument: prometheus.Histogram = self._instruments[metric.name]
        return instrument

    def registry(self, collect: Callable[[], Iterable[Sample]] = tuple) -> prometheus.CollectorRegistry:
        """Return what a scrape reads: every metric of the catalogue, what is observed by asking `look`."""
        kept = _Shared(Path(self._shared)) if self._shared else self._own
        registry = prometheus.CollectorRegistry()
        registry.register(_Catalogued(self._catalogue, kept, collect))
        return registry


class _Shared:
    """What all processes have written into their files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Family]:
        # A process that is killed, or still at it, when it has only just made its file leaves an empty one.
        files = [str(file) for file in self._directory.glob("*.db") if _size(file)]
        merged: Iterable[Family] = MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]  # prometheus-client does not type it
        return merged


class _Catalogued(Collector):
    """Yields each metric of the catalogue once, in its order, also where it has no series yet."""

    def __init__(
        self, catalogue: tuple[Metric, ...], kept: Any, look: Callable[[], Iterable[Sample]]
    ) -> None:
        self._catalogue, self._kept, self._look = catalogue, kept, look

    def collect(self) -> Iterator[Family]:
        kept = {family.name: family for family in self._kept.collect()}
        seen = [sample for sample in self._look() if sample.metric in self._catalogue]
        for metric in self._catalogue:
            family = kept.get(metric.family) or Family(metric.family, metric.description, metric.kind)
            for sample in seen:
                if sample.metric is metric:
                    labels = dict(zip(metric.labels, sample.labels, strict=True))
                    family.add_sample(metric.name, labels, sample.value)
            yield family


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # its process has left meanwhile
        return 0


def _instrument(metric: Metric, registry: prometheus.CollectorRegistry) -> Any:
    arguments: dict[str, Any] = {"labelnames": tuple(metric.labels), "registry": registry}
    made: Any
    if metric.kind == "counter":
        made = prometheus.Counter(metric.name, metric.description, **arguments)
    elif metric.kind == "gauge":
        # Of processes side by side: the sum of those that live.
        made = prometheus.Gauge(metric.name, metric.description, multiprocess_mode="livesum", **arguments)
    else:
        made = prometheus.Histogram(metric.name, metric.description, buckets=metric.buckets, **arguments)
    if metric.labels and all(metric.labels.values()):
        for values in product(*metric.labels.values()):
            made.labels(*values)  # a series that begins with 0 shows its first event as an increase
    return made
