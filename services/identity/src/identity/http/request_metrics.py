"""Metrics of handled requests (OPS-4)."""

from port_runtime.metrics import Instruments
from prometheus_client import Counter, Histogram

from identity.metrics.web import METHODS, OTHER, REQUEST_SECONDS, REQUESTS


class RequestMetrics:
    """The metrics of requests. Series are cached, because looking up a series takes longer than incrementing it."""

    def __init__(self, instruments: Instruments) -> None:
        self._requests, self._seconds = instruments.counter(REQUESTS), instruments.histogram(REQUEST_SECONDS)
        self._cached: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count a response; `route` is a URL rule, so that the number of series is bounded."""
        method = method if method in METHODS else OTHER
        requests, durations = self._series(method, route, status // 100)
        requests.inc()
        durations.observe(seconds)

    def _series(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        key = (method, route, status)
        if key not in self._cached:
            series = self._requests.labels(method, route, f"{status}xx"), self._seconds.labels(method, route)
            self._cached[key] = series
        return self._cached[key]
