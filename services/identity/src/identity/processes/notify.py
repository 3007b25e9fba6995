"""The notify process notifies clients that grants have ended, and ends expired grants (OIDC-22)."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from port_runtime import tracing
from port_runtime.liveness import Liveness
from port_runtime.metrics import Instruments
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.settings import ErrorCollector
from sqlalchemy.exc import SQLAlchemyError

from identity.bootstrap.notify import build_notify
from identity.domain.backchannel_logout import MAX_AT_ONCE
from identity.metrics.notify import NOTIFY, NOTIFY_FAILURES
from identity.processes.background import Attempts, stop_on_signal
from identity.settings.notify import NotifySettings
from identity.usecases.backchannel_logout import clients_due, end_expired, lease_next, notify_client
from identity.usecases.ports.clock import Clock

_log = structlog.get_logger("identity.notify")
_WAIT_SECONDS = 1.0
"""The maximum delay of a logout whose NOTIFY was missed, and of a due retry."""
_BACKOFF_SECONDS = 1.0
_EXPIRE_INTERVAL_SECONDS = 10.0
_MAX_THREADS = 200
"""Enough for 50 clients that hang at the same time."""
_MAX_SILENCE_SECONDS = 60.0
"""Longer than the time-out of any statement or connection."""


class Notify:
    """Notifies clients in threads, at most MAX_AT_ONCE for each, so that a client that hangs does not delay others."""

    def __init__(
        self, settings: NotifySettings, *, clock: Clock | None = None, instruments: Instruments | None = None
    ) -> None:
        self._instruments = instruments or Instruments(NOTIFY)
        self._dependencies = build_notify(settings, self._instruments, clock=clock)
        self._ports = self._dependencies.ports
        self._liveness = Liveness(_MAX_SILENCE_SECONDS)
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="client")
        self._threads_by_client: Counter[str] = Counter()
        self._threads_lock = threading.Lock()
        self._attempts = Attempts(_log, self._count_failure, expected=(SQLAlchemyError, OSError))

    def metrics_health_server(self) -> MetricsHealthServer:
        registry = self._instruments.registry(self._dependencies.collector)
        return MetricsHealthServer(registry, checks=self._dependencies.checks, alive=self._liveness.is_alive)

    def stop(self) -> None:
        """Make `run` return after the current attempts."""
        self._stopping.set()
        self._dependencies.listener.interrupt()

    def run(self) -> None:
        """Notify clients and end expired grants until stopped, then close the connections."""
        expiring = threading.Thread(target=self._expire, name="expire", daemon=True)
        expiring.start()
        while not self._stopping.is_set():
            self._liveness.beat()
            self._attempt("lease", self._lease)
        self._threads.shutdown()
        expiring.join(_BACKOFF_SECONDS)
        self._dependencies.close()

    def _lease(self) -> None:
        """Start a thread for each client with a due logout, then wait up to a second for the commit of another."""
        try:
            for client in clients_due(self._ports):
                self._start(client)
        except SQLAlchemyError:
            self._dependencies.listener.close()  # it may be connected to the same failing server
            raise
        self._dependencies.listener.wait(_WAIT_SECONDS)

    def _start(self, client: str) -> None:
        """Start another thread for the client, unless it has MAX_AT_ONCE or the process is stopping."""
        with self._threads_lock:
            if self._stopping.is_set() or self._threads_by_client[client] >= MAX_AT_ONCE:
                return
            self._threads_by_client[client] += 1
        self._threads.submit(self._notify, client)

    def _notify(self, client: str) -> None:
        """Send the client its due logouts one after another; start another thread for each."""
        try:
            self._attempt("tell", lambda: self._send_due(client))
        finally:
            with self._threads_lock:
                self._threads_by_client[client] -= 1

    def _send_due(self, client: str) -> None:
        while not self._stopping.is_set() and (logout := lease_next(self._ports, client)):
            self._start(client)
            notify_client(self._ports, logout)

    def _expire(self) -> None:
        while not self._stopping.is_set():
            self._attempt("expire", lambda: end_expired(self._ports))
            self._stopping.wait(_EXPIRE_INTERVAL_SECONDS)

    def _attempt(self, task: str, step: Callable[[], object]) -> None:
        """Run a step; after a failure, wait before the next round."""
        if not self._attempts.succeeds(task, step):
            self._stopping.wait(_BACKOFF_SECONDS)

    def _count_failure(self, task: str) -> None:
        self._instruments.counter(NOTIFY_FAILURES).labels(task).inc()


def serve(settings: NotifySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError."""
    with ErrorCollector() as collector:
        with collector.step():
            tracing.configure("identity-notify", distribution="identity")
        with collector.step():
            address = settings.metrics_bind
            listener = open_listener(address, "IDENTITY_NOTIFY_METRICS_BIND") if address else None
        with collector.step():
            notify = Notify(settings)
    metrics_health_server = notify.metrics_health_server()
    if listener is not None:
        metrics_health_server.start(listener)

    stop_on_signal(notify)
    started_at = time.monotonic()
    _log.info("notify started")
    notify.run()
    metrics_health_server.stop()
    tracing.close()
    _log.info("notify stopped", seconds=round(time.monotonic() - started_at))
