"""Starts and stops one mailer: the dramatiq worker, the intake, the server of metrics and health checks."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import dramatiq
from dramatiq.common import join_all
from port_events.redis_client import leads_to_cluster
from port_runtime import tracing
from port_runtime.health import Check
from port_runtime.logs import get_logger
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.process_metrics import ProcessUsageCollector
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector, SettingsError
from port_runtime.signals import end_now

from mailer.actors import declare_actor
from mailer.adapters.clock import SystemClock
from mailer.adapters.metric_collectors import ProcessCollector, QueueCollector
from mailer.adapters.redis.connection import TRANSIENT_ERRORS, connect
from mailer.adapters.redis.server_checks import check_access, durability_warnings, version_warning
from mailer.bootstrap import build_deliverer, build_intake, build_wiring, process_name
from mailer.metrics import BUILD

if TYPE_CHECKING:
    from types import FrameType

    from mailer.bootstrap import Wiring
    from mailer.intake import Intake
    from mailer.settings import Settings
    from mailer.usecases.delivery_ports import Clock

WORKER_POLL_MS: Final = 500
STOP_SECONDS: Final = 25.0
RELEASE_SECONDS: Final = 5.0
"""A stop waits up to STOP_SECONDS for running deliveries, then up to RELEASE_SECONDS for Redis.

The grace period of a container must be longer than both together (deploy/runbook.md)."""
log = get_logger("mailer.process")


@dataclass(frozen=True, slots=True)
class MailerProcess:
    """A mailer process. `mailer run` calls `run`; tests call `start` and `stop`."""

    name: str
    wiring: Wiring
    intake: Intake
    worker: dramatiq.Worker

    @classmethod
    def build(
        cls, settings: Settings, *, clock: Clock | None = None, name: str | None = None
    ) -> MailerProcess:
        """Create all parts without opening a connection. Raises BrokenTemplateError."""
        name = name or process_name()
        wiring = build_wiring(settings, clock=clock or SystemClock(), name=name)
        deliver = declare_actor(wiring.broker, build_deliverer(wiring, settings), queue=name)
        intake = build_intake(wiring, deliver, lease_seconds=settings.lease_seconds)
        # As many threads again may wait for slow replies (see Bulkhead).
        worker = dramatiq.Worker(
            wiring.broker, worker_threads=2 * settings.threads, worker_timeout=WORKER_POLL_MS
        )
        return cls(name, wiring, intake, worker)

    def start(self) -> None:
        self.worker.start()
        self.intake.start()
        log.info("mailer_started", name=self.name, threads=self.worker.worker_threads)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Finish running deliveries within the time-out, release the other entries, and leave the group.

        If Redis is unavailable, other mailers take over the entries after their leases.
        """
        self.intake.close()
        self.worker.stop(timeout=int(timeout_seconds * 1000))
        self.intake.stop()
        items = self.wiring.in_flight.drain()
        with suppress(*TRANSIENT_ERRORS):
            for each in items:
                if each.grant:
                    self.wiring.ledger.defer(each.grant, due=self.wiring.clock.now(), failed=False)
            self.wiring.stream.leave_group([each.entry_id for each in items])
            self.wiring.broker.remove_queue(self.name)
        self.wiring.transport.close()
        self.wiring.connections.close()
        self.wiring.client.close()
        log.info("mailer_stopped", name=self.name, handed_back=len(items))

    def metrics_health_server(self, settings: Settings) -> MetricsHealthServer:
        """Return the server of metrics and health checks (OPS-4), which has its own connection to Redis."""
        wiring, client = self.wiring, connect(settings.redis_url.reveal())
        collector = ScrapeCollector(
            QueueCollector(client).collect,
            ProcessCollector(wiring.in_flight, wiring.transport.is_unavailable).collect,
            ProcessUsageCollector(BUILD, "mailer").collect,
        )
        return MetricsHealthServer(
            wiring.instruments.registry(collector),
            # The mail server is not checked: mails can wait for it, but a rollout must not.
            checks=[Check("redis", partial(check_access, client))],
            alive=self._is_alive,
        )

    def _is_alive(self) -> bool:
        threads = [*self.worker.workers, *self.worker.consumers.values()]
        return self.intake.liveness.is_alive() and all(thread.is_alive() for thread in threads)

    def run(self, settings: Settings) -> None:
        """Run until SIGTERM or SIGINT; a second signal kills the process. Raises SettingsError."""
        address = settings.metrics_bind
        with ErrorCollector() as collector:
            with collector.step():
                tracing.configure("mailer", distribution="mailer")
            with collector.step():
                listener = open_listener(address, "MAILER_METRICS_BIND") if address else None
            with collector.step():
                if leads_to_cluster(settings.redis_url.reveal()):
                    raise SettingsError(["REDIS_URL: leads to a Redis Cluster, which is not supported"])
        metrics_health_server = self.metrics_health_server(settings)
        if listener is not None:
            metrics_health_server.start(listener)
        stop_requested = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, end_now)
            signal.signal(signal.SIGINT, end_now)
            stop_requested.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        self.start()
        self._warn_about_redis()
        threading.Thread(target=self.wiring.transport.warm_up, name="warm-up", daemon=True).start()
        stop_requested.wait()
        self._shut_down()
        metrics_health_server.stop()
        tracing.close()

    def _shut_down(self) -> None:
        """Stop, but do not wait longer than RELEASE_SECONDS for Redis after the deliveries."""
        stopping = threading.Thread(target=self.stop, name="stopping", daemon=True)
        stopping.start()
        join_all(self.worker.workers, int(STOP_SECONDS * 1000))  # type: ignore[no-untyped-call]  # dramatiq has no type here
        stopping.join(RELEASE_SECONDS)
        if stopping.is_alive():
            log.warning("mailer_left_in_haste", name=self.name)

    def _warn_about_redis(self) -> None:
        """Log warnings about settings of Redis that may lose mails (SEC-10) and about an old version."""
        with suppress(*TRANSIENT_ERRORS):
            for warning in durability_warnings(self.wiring.client):
                log.warning("redis_may_lose_mails", reason=warning)
            if old := version_warning(self.wiring.client):
                log.warning("redis_is_old", version=old)
