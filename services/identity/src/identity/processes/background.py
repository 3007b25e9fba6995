"""What the relay and notify share: retries, the metrics and health port, and the stop on a signal."""

import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import structlog
from port_runtime import tracing
from port_runtime.liveness import Liveness
from port_runtime.metrics import Instruments, Metric
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.setting_parsers import HostPort
from port_runtime.settings import ErrorCollector

if TYPE_CHECKING:
    from identity.bootstrap.notify import NotifyDependencies
    from identity.bootstrap.relay import RelayDependencies

BACKOFF_SECONDS = 1.0
_MAX_SILENCE_SECONDS = 60.0
"""Longer than the time-out of any statement, connection or Redis command."""


class BackgroundProcess(ABC):
    """Runs the steps of tasks; counts every failure, and logs only the first of a task's consecutive failures.

    An error in `unavailable` means that a server is unavailable, and is logged without a traceback.
    """

    name: ClassVar[str]
    failures: ClassVar[Metric]
    unavailable: ClassVar[tuple[type[Exception], ...]]

    def __init__(
        self, dependencies: "RelayDependencies | NotifyDependencies", instruments: Instruments
    ) -> None:
        self._dependencies = dependencies
        self._instruments = instruments
        self._log = structlog.get_logger(f"identity.{self.name}")
        self._liveness = Liveness(_MAX_SILENCE_SECONDS)
        self._stopping = threading.Event()
        self._failing: set[str] = set()

    @abstractmethod
    def run(self) -> None:
        """Work until stopped, then close the connections."""

    def stop(self) -> None:
        """Make `run` return after the current steps; a signal handler calls this method."""
        self._stopping.set()
        self._dependencies.listener.interrupt()

    def metrics_health_server(self) -> MetricsHealthServer:
        """Return the metrics and health server, which answers in standby relays too (OPS-4)."""
        registry = self._instruments.registry(self._dependencies.collector)
        return MetricsHealthServer(registry, checks=self._dependencies.checks, alive=self._liveness.is_alive)

    def _repeat(self, task: str, step: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            self._attempt(task, step)

    def _attempt(self, task: str, step: Callable[[], object]) -> None:
        """Run a step of the task; after a failure, wait before the next."""
        try:
            step()
        except Exception as error:  # noqa: BLE001  # the next round may succeed, whatever the error
            if task not in self._failing:
                expected = isinstance(error, self.unavailable)
                self._log.warning(
                    "waiting for a server" if expected else "unforeseen error",
                    kind=type(error).__name__,
                    task=task,
                    exc_info=None if expected else error,
                )
            self._failing.add(task)
            self._instruments.counter(self.failures).labels(task).inc()
            self._stopping.wait(BACKOFF_SECONDS)
        else:
            self._failing.discard(task)


def serve(
    name: str,
    build: Callable[[], BackgroundProcess],
    *,
    metrics_bind: HostPort | None,
    **started: object,
) -> None:
    """Run a process until SIGTERM or SIGINT, with its metrics and health port. Raises SettingsError.

    `started` are values that are logged when it starts.
    """
    log = structlog.get_logger(f"identity.{name}")
    with ErrorCollector() as collector:
        with collector.step():
            tracing.configure(f"identity-{name}", distribution="identity")
        with collector.step():
            variable = f"IDENTITY_{name.upper()}_METRICS_BIND"
            listener = open_listener(metrics_bind, variable) if metrics_bind else None
        with collector.step():
            process = build()
    metrics_health_server = process.metrics_health_server()
    if listener is not None:
        metrics_health_server.start(listener)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: process.stop())
    started_at = time.monotonic()
    log.info(f"{name} started", **started)  # noqa: G004 - the name of the event
    process.run()
    metrics_health_server.stop()
    tracing.close()
    log.info(f"{name} stopped", seconds=round(time.monotonic() - started_at))  # noqa: G004 - the name of the event
