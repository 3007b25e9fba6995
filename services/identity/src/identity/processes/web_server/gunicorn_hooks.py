"""Gunicorn's hooks when web processes start and end: traces, metrics, the metrics and health port (OPS-4)."""

import os
import signal
import sys
from functools import partial
from typing import Any

from flask import Flask
from port_runtime import multiprocess_metrics, tracing
from port_runtime.metrics import Instruments
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.process_metrics import ProcessUsageCollector
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector

from identity.adapters.database_collectors import SessionCollector, TidyCollector
from identity.adapters.sql.pool_metrics import report_pool_size
from identity.bootstrap.readiness import readiness_checks
from identity.metrics import BUILD
from identity.metrics.web import WORKERS
from identity.processes.web_server.flask_app import db, engines_by_pool
from identity.settings.web import WebSettings


class GunicornHooks:
    """The hooks, and the socket of the metrics and health port, on which every worker listens.

    Each worker reports the metrics of all workers, which store them in the directory `shared`. Without the
    port, `shared` is None.
    """

    def __init__(self, settings: WebSettings, instruments: Instruments, *, shared: str | None) -> None:
        """Open the metrics and health port. Raises SettingsError."""
        self._settings, self._instruments, self._shared = settings, instruments, shared
        address = settings.metrics_bind
        with ErrorCollector() as collector:
            with collector.step():
                self._listener = open_listener(address, "IDENTITY_METRICS_BIND") if address else None
            with collector.step():
                # A wrong variable must prevent the start, instead of stopping each worker after its fork.
                tracing.is_enabled(os.environ)

    def options(self, app: Flask) -> dict[str, Any]:
        """Return the hooks by the names of gunicorn's settings."""
        return {
            "post_fork": self._keep_signals,
            "post_worker_init": partial(self._start_worker, app),
            "worker_exit": self._end_worker,  # in a worker that ends normally
            "child_exit": self._forget_worker,  # in the arbiter, after a worker has ended for whatever reason
            "on_exit": self._remove_metrics,  # in the arbiter
        }

    def _keep_signals(self, arbiter: Any, _worker: object) -> None:
        """Keep the signals that the arbiter's handlers queue in the worker before it installs its own handlers."""
        self._early_signals = arbiter.SIG_QUEUE

    def _start_worker(self, app: Flask, _worker: object) -> None:
        while not self._early_signals.empty():
            if self._early_signals.get_nowait() == signal.SIGTERM:
                sys.exit()  # gunicorn sends SIGTERM only once, and later kills the worker
        # Threads must start after the fork.
        tracing.configure("identity", distribution="identity")
        self._instruments.gauge(WORKERS).set(1)
        with app.app_context():
            for pool, engine in engines_by_pool().items():
                report_pool_size(engine, self._instruments, pool=pool)
        if self._listener is not None:
            self._metrics_health_server(app).start(self._listener)

    def _metrics_health_server(self, app: Flask) -> MetricsHealthServer:
        with app.app_context():
            engine = db.engine
        idle_seconds = self._settings.session_idle
        collectors = (
            SessionCollector(engine, idle_seconds=idle_seconds),
            TidyCollector(engine, idle_seconds=idle_seconds),
            ProcessUsageCollector(BUILD, "identity", pid=os.getppid),
        )
        return MetricsHealthServer(
            self._instruments.registry(ScrapeCollector(*(each.collect for each in collectors))),
            checks=readiness_checks(engine),
            alive=lambda: True,  # gunicorn itself ends a worker whose loop is stuck
        )

    def _end_worker(self, _arbiter: object, _worker: object) -> None:
        tracing.close()

    def _forget_worker(self, _arbiter: object, worker: Any) -> None:
        if self._shared:
            multiprocess_metrics.mark_process_dead(self._shared, worker.pid)

    def _remove_metrics(self, _arbiter: object) -> None:
        if self._shared:
            multiprocess_metrics.remove_directory(self._shared)
