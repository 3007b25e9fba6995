"""Metrics of handled requests (OPS-4)."""

from functools import cache

from port_runtime.metrics import Instruments
from prometheus_client import Counter, Histogram

from identity.metrics.web import REQUEST_SECONDS, REQUESTS


class RequestMetrics:
    """Series are cached here, because prometheus_client takes longer to look a series up than to increment it."""

    def __init__(self, instruments: Instruments) -> None:
        self._requests, self._seconds = instruments.counter(REQUESTS), instruments.histogram(REQUEST_SECONDS)
        self._series = cache(self._labelled)

    def answered(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count a response. `method` is one of METHODS or OTHER, `route` a URL rule, so the series are bounded."""
        requests, durations = self._series(method, route, status // 100)
        requests.inc()
        durations.observe(seconds)

    def _labelled(self, method: str, route: str, status_class: int) -> tuple[Counter, Histogram]:
        requests = self._requests.labels(method, route, f"{status_class}xx")
        return requests, self._seconds.labels(method, route)
