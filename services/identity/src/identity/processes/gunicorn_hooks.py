"""What is done as web processes come and go: their metrics, their traces, the operators' port (OPS-4)."""

import os
from functools import partial
from typing import Any

from flask import Flask
from port_runtime import multiprocess_metrics, tracing
from port_runtime.health import Check
from port_runtime.metrics import Instruments
from port_runtime.ops_server import OpsServer, open_listener
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector

from identity.adapters.collectors import SessionCollector
from identity.adapters.sql.engine import database_probe
from identity.metrics import WORKERS
from identity.processes.web import db
from identity.settings import WebSettings


class GunicornHooks:
    """Gunicorn's hooks. Made before the workers, and with the socket of the operators' port that they share.

    Each worker listens there: whoever takes the question answers for all of them, and none of them answers when none
    of them lives. `shared` is the directory of their metrics.
    """

    def __init__(self, settings: WebSettings, meters: Instruments, *, shared: str | None) -> None:
        """Open the port. Raises SettingsError."""
        self._settings, self._meters, self._shared = settings, meters, shared
        address = settings.metrics_bind
        with ErrorCollector() as collector:
            with collector.step():
                self._listener = open_listener(address, "IDENTITY_METRICS_BIND") if address else None
            with collector.step():
                tracing.is_enabled(os.environ)  # a wrong variable stops the start, not the workers

    def hooks(self, app: Flask) -> dict[str, Any]:
        """Return them by gunicorn's names, for the workers of the application."""
        return {
            "post_worker_init": partial(self._start_worker, app),
            "worker_exit": self._end_worker,
            "child_exit": self._forget_worker,
            "on_exit": self._remove_metrics,
        }

    def _start_worker(self, app: Flask, _worker: object) -> None:
        """In a new worker: what has threads is made after the fork."""
        tracing.configure("identity")
        self._meters.gauge(WORKERS).set(1)
        if self._listener is not None:
            self._endpoint(app).start(self._listener)

    def _endpoint(self, app: Flask) -> OpsServer:
        with app.app_context():
            engine = db.engine
        figures = SessionCollector(engine, idle_seconds=self._settings.session_idle)
        return OpsServer(
            self._meters.registry(ScrapeCollector(figures.collect)),
            checks=[Check("database", database_probe(engine))],
            alive=lambda: True,  # gunicorn ends a worker whose loop is stuck
        )

    def _end_worker(self, _arbiter: object, _worker: object) -> None:
        """In a worker that ends by itself."""
        tracing.close()

    def _forget_worker(self, _arbiter: object, worker: Any) -> None:
        """In the arbiter: a worker is gone, however it went."""
        if self._shared:
            multiprocess_metrics.mark_process_dead(self._shared, worker.pid)

    def _remove_metrics(self, _arbiter: object) -> None:
        """In the arbiter, at the end."""
        if self._shared:
            multiprocess_metrics.remove_directory(self._shared)
