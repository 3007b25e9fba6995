"""Collects metrics from the database and Redis at each scrape, with a time limit (OPS-4)."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Final, TypeAlias

from port_runtime.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from port_runtime.metrics import Sample

Samples: TypeAlias = "Future[Sequence[Sample]]"

TIMEOUT_SECONDS: Final = 3.0  # well below Prometheus' default time-out of ten
log = get_logger("port_runtime.scrape_collector")


class ScrapeCollector:
    """Queries each source in a separate thread.

    A source that fails or is too slow is omitted from the scrape, so that its series end and keep no old value.
    """

    def __init__(
        self, *sources: Callable[[], Iterable[Sample]], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._sources = [_Source(source) for source in sources]
        self._timeout_seconds = timeout_seconds

    def __call__(self) -> list[Sample]:
        """Return the samples of the sources that answer in time."""
        futures = [source.query() for source in self._sources]
        done, _ = wait(futures, self._timeout_seconds)
        return [sample for future in futures if future in done for sample in future.result()]


class _Source:
    """Runs at most one query at a time; a scrape during a query waits for its result."""

    def __init__(self, collect: Callable[[], Iterable[Sample]]) -> None:
        self._collect = collect
        self._lock = threading.Lock()
        self._future: Samples | None = None

    def query(self) -> Samples:
        with self._lock:
            if self._future is None or self._future.done():
                self._future = Future()
                # Not an executor, which would wait for a hanging query when the process ends.
                threading.Thread(target=self._run, args=(self._future,), name="scrape", daemon=True).start()
            return self._future

    def _run(self, future: Samples) -> None:
        samples: Sequence[Sample] = ()
        try:
            samples = tuple(self._collect())
        except Exception as error:  # noqa: BLE001 - an unavailable server must not fail the scrape
            log.warning("not observed", source=self._collect.__qualname__, kind=type(error).__name__)
        finally:
            future.set_result(samples)
