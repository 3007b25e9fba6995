"""The process of one mailer: it wires a dramatiq worker and the intake."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import dramatiq
from dramatiq.common import join_all
from port_events.consumer_group import member_name
from port_events.envelope import MAIL_STREAM, RECEIPTS
from port_events.redis_client import leads_to_cluster
from port_runtime import tracing
from port_runtime.health import Check
from port_runtime.logs import get_logger
from port_runtime.metrics import Instruments
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.process_metrics import ProcessUsageCollector
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector, SettingsError
from port_runtime.signals import end_now

from mailer.actors import Deliverer, declare_actor
from mailer.adapters.clock import SystemClock
from mailer.adapters.metric_collectors import ProcessCollector, QueueCollector
from mailer.adapters.payload_opener import SealedPayloadOpener
from mailer.adapters.redis.connection import TRANSIENT_ERRORS, ThreadConnections, connect
from mailer.adapters.redis.delivery_ledger import LedgerConfig, RedisLedger
from mailer.adapters.redis.domain_rate_limits import RedisDomainRateLimit
from mailer.adapters.redis.dramatiq_broker import ActorQueue, NotifyingRedisBroker
from mailer.adapters.redis.queue_pause import RedisQueuePause
from mailer.adapters.redis.server_checks import check_access, durability_warnings, version_warning
from mailer.adapters.redis.stream import GROUP, MailStream
from mailer.adapters.renderer import CommonValues, TemplateRenderer
from mailer.adapters.smtp.instrumented_transport import InstrumentedTransport
from mailer.adapters.smtp.message import MessageBuilder
from mailer.adapters.smtp.transport import SmtpTransport
from mailer.bulkhead import Bulkhead
from mailer.in_flight import InFlight
from mailer.intake import Intake, IntakePorts
from mailer.metrics import BUILD, CATALOGUE, PrometheusDeliveryMetrics
from mailer.usecases.delivery import Delivery

if TYPE_CHECKING:
    from types import FrameType

    import redis

    from mailer.settings import Settings, TemplateSettings
    from mailer.usecases.delivery_ports import Clock

QUEUED_A_THREAD: Final = 16
WORKER_POLL_MS: Final = 500
STOP_SECONDS: Final = 25.0
RELEASE_SECONDS: Final = 5.0
"""A stop waits STOP_SECONDS for running deliveries, then RELEASE_SECONDS for Redis.

The grace period of a container must be longer (deploy/runbook.md)."""
_INVALID_IN_QUEUE_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
log = get_logger("mailer.process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The adapters that several parts of one process share."""

    client: redis.Redis
    connections: ThreadConnections
    clock: Clock
    stream: MailStream
    in_flight: InFlight
    ledger: RedisLedger
    transport: SmtpTransport
    bulkhead: Bulkhead
    pause: RedisQueuePause
    broker: NotifyingRedisBroker
    instruments: Instruments


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
        """Create all parts without opening a connection; raises BrokenTemplateError."""
        name = name or process_name()
        wiring = _wire(settings, clock=clock or SystemClock(), name=name)
        delivery = Delivery(
            clock=wiring.clock,
            ledger=wiring.ledger,
            payload_opener=SealedPayloadOpener(settings.opener()),
            renderer=build_renderer(settings),
            transport=InstrumentedTransport(
                wiring.transport, wiring.instruments, server=settings.smtp_server()
            ),
            metrics=PrometheusDeliveryMetrics(wiring.instruments),
            rate_limit=RedisDomainRateLimit(
                wiring.connections, settings.domain_rate_limits, clock=wiring.clock
            ),
            is_paused=wiring.pause.is_paused,
            public_url=settings.public_url,
        )
        deliverer = Deliverer(
            in_flight=wiring.in_flight,
            stream=wiring.stream,
            delivery=delivery,
            clock=wiring.clock,
            bulkhead=wiring.bulkhead,
        )
        deliver = declare_actor(wiring.broker, deliverer, queue=name)
        intake = _intake(wiring, ActorQueue(wiring.broker, deliver), lease_seconds=settings.lease_seconds)
        # Half of the threads are for mails that wait for slow replies (see Bulkhead).
        worker = dramatiq.Worker(
            wiring.broker, worker_threads=2 * settings.threads, worker_timeout=WORKER_POLL_MS
        )
        return cls(name, wiring, intake, worker)

    def start(self) -> None:
        """Start the threads, and return."""
        self.worker.start()
        self.intake.start()
        log.info("mailer_started", name=self.name, threads=self.worker.worker_threads)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Finish running deliveries within the time-out, release the other entries to other mailers, and leave."""
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
            QueueCollector(client, stream=MAIL_STREAM).collect,
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
        self._warn_about_durability()
        threading.Thread(target=self.wiring.transport.warm_up, name="warm-up", daemon=True).start()
        stop_requested.wait()
        self._shut_down()
        metrics_health_server.stop()
        tracing.close()

    def _shut_down(self) -> None:
        """Stop without a long wait for an unavailable Redis: after the leases, other mailers take over the entries."""
        stopping = threading.Thread(target=self.stop, name="stopping", daemon=True)
        stopping.start()
        join_all(self.worker.workers, int(STOP_SECONDS * 1000))  # type: ignore[no-untyped-call]  # dramatiq has no type here
        stopping.join(RELEASE_SECONDS)
        if stopping.is_alive():
            log.warning("mailer_left_in_haste", name=self.name)

    def _warn_about_durability(self) -> None:
        """Log a warning if Redis may lose mails, unless Redis is unavailable at the start (SEC-10)."""
        with suppress(*TRANSIENT_ERRORS):
            for warning in durability_warnings(self.wiring.client):
                log.warning("redis_may_lose_mails", reason=warning)
            if old := version_warning(self.wiring.client):
                log.warning("redis_is_old", version=old)


def build_renderer(settings: TemplateSettings) -> TemplateRenderer:
    """Return the renderer, and log the operator's unknown files. Raises BrokenTemplateError if a template fails."""
    common = CommonValues(
        sender=settings.sender.name or settings.sender.address,
        public_url=settings.public_url,
        can_reply=settings.reply_to is not None,
        contact=settings.contact(),
    )
    renderer = TemplateRenderer(common, settings.template_dir)
    for name in renderer.unknown_files():
        log.warning("template_unknown", file=name)
    return renderer


def build_transport(settings: Settings, clock: Clock, bulkhead: Bulkhead | None = None) -> SmtpTransport:
    """Return the transport to the configured mail server."""
    return SmtpTransport(
        settings.smtp_server(),
        sender=settings.sender,
        message_builder=MessageBuilder(sender=settings.sender, reply_to=settings.reply_to),
        clock=clock,
        bulkhead=bulkhead or build_bulkhead(settings),
    )


def build_bulkhead(settings: Settings) -> Bulkhead:
    """Return a bulkhead with as many slow places as active places."""
    return Bulkhead(active=settings.threads, slow=settings.threads)


def process_name() -> str:
    """Return a unique name for this process that is also valid for a dramatiq queue.

    A queue's name starts with a letter and has no dots, but the host name of a container often starts with a digit.
    """
    return f"mailer-{_INVALID_IN_QUEUE_NAME.sub('-', member_name())}"


def _wire(settings: Settings, *, clock: Clock, name: str) -> Wiring:
    client = connect(settings.redis_url.reveal())
    connections = ThreadConnections(client)
    bulkhead = build_bulkhead(settings)
    max_queued = settings.threads * QUEUED_A_THREAD
    config = LedgerConfig(
        owner=name,
        stream=MAIL_STREAM,
        group=GROUP,
        receipts=RECEIPTS,
        lease_ms=settings.lease_seconds * 1000,
    )
    return Wiring(
        client=client,
        connections=connections,
        clock=clock,
        stream=MailStream(client, stream=MAIL_STREAM, name=name),
        in_flight=InFlight(max_queued=max_queued),
        ledger=RedisLedger(connections, config, clock=clock),
        transport=build_transport(settings, clock, bulkhead),
        bulkhead=bulkhead,
        pause=RedisQueuePause(client),
        broker=NotifyingRedisBroker(client, name=name, prefetch=2 * max_queued),
        instruments=Instruments(CATALOGUE),
    )


def _intake(wiring: Wiring, queue: ActorQueue, *, lease_seconds: float) -> Intake:
    ports = IntakePorts(
        stream=wiring.stream,
        in_flight=wiring.in_flight,
        leases=wiring.ledger,
        mail_server=wiring.transport,
        pause=wiring.pause,
        queue=queue,
        clock=wiring.clock,
        transient_errors=TRANSIENT_ERRORS,
    )
    return Intake(ports, lease_seconds=lease_seconds)
