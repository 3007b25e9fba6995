"""The notify process notifies clients that grants have ended, and ends expired grants (OIDC-22)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from port_runtime.metrics import Instruments
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from identity.bootstrap.notify import NotifyDependencies, build_notify
from identity.domain.backchannel_logout import MAX_AT_ONCE
from identity.metrics.notify import NOTIFY, NOTIFY_FAILURES
from identity.processes import background
from identity.settings.notify import NotifySettings
from identity.usecases.backchannel_logout import clients_due, end_expired, lease_next, notify_client

_WAIT_SECONDS = 1.0
"""The maximum delay of a logout whose NOTIFY was missed, and of a due retry."""
_EXPIRE_INTERVAL_SECONDS = 10.0
_MAX_THREADS = 200
"""Enough for 50 clients that hang at the same time."""


class Notify(background.BackgroundProcess):
    """Notifies clients in threads, at most MAX_AT_ONCE for each, so that a client that hangs does not delay others."""

    name = "notify"
    failures = NOTIFY_FAILURES
    unavailable = (SQLAlchemyError, OSError)
    _dependencies: NotifyDependencies

    def __init__(self, settings: NotifySettings) -> None:
        instruments = Instruments(NOTIFY)
        super().__init__(build_notify(settings, instruments), instruments)
        self._ports = self._dependencies.ports
        self._threads = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="client")
        self._threads_by_client: Counter[str] = Counter()
        self._threads_lock = threading.Lock()

    @override
    def run(self) -> None:
        expiring = threading.Thread(target=self._expire, name="expire", daemon=True)
        expiring.start()
        self._repeat("lease", self._lease)
        self._threads.shutdown()
        expiring.join(background.BACKOFF_SECONDS)
        self._dependencies.close()

    def _lease(self) -> None:
        """Start a thread for each client with a due logout, then wait up to a second for the commit of another."""
        self._liveness.beat()
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


def serve(settings: NotifySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError."""
    background.serve("notify", lambda: Notify(settings), metrics_bind=settings.metrics_bind)
