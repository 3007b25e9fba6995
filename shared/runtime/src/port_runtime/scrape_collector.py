"""Looking up at a scrape what no process counts: in the database, in Redis; with a time limit (OPS-4)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from port_runtime.metrics import Sample

TIMEOUT_SECONDS: Final = 3.0  # well below the ten seconds that Prometheus waits
log = get_logger("port_runtime.scrape_collector")


class ScrapeCollector:
    """Asks each source in a thread of its own.

    What does not answer in time, or fails, is left out of this scrape: its series end instead of standing still.
    """

    def __init__(
        self, *sources: Callable[[], Iterable[Sample]], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._sources = [_Source(source) for source in sources]
        self._timeout_seconds = timeout_seconds

    def __call__(self) -> list[Sample]:
        """Return what could be seen."""
        asked = [source.ask() for source in self._sources]
        return [sample for answer in asked for sample in answer.within(self._timeout_seconds)]


class _Answer:
    """What one source is about to say."""

    def __init__(self) -> None:
        self.samples: Sequence[Sample] = ()
        self.done = threading.Event()

    def within(self, seconds: float) -> Sequence[Sample]:
        self.done.wait(seconds)
        return self.samples if self.done.is_set() else ()


class _Source:
    """One place to look; while it is being asked, nobody asks it again."""

    def __init__(self, look: Callable[[], Iterable[Sample]]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._answer: _Answer | None = None

    def ask(self) -> _Answer:
        with self._lock:
            if self._answer is None or self._answer.done.is_set():
                self._answer = _Answer()
                threading.Thread(target=self._see, args=(self._answer,), name="observe", daemon=True).start()
            return self._answer

    def _see(self, answer: _Answer) -> None:
        try:
            answer.samples = tuple(self._look())
        except Exception as error:  # noqa: BLE001 - a server that is away is no reason to tell nothing
            log.warning("not observed", source=self._look.__qualname__, kind=type(error).__name__)
        finally:
            answer.done.set()
