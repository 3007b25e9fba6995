"""The process: a dramatiq worker with the intake inside. All wiring is here."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import dramatiq
from dramatiq.common import join_all
from port_events.envelope import RECEIPTS
from port_events.group import member_name
from port_runtime import tracing
from port_runtime.health import Check, Unhealthy
from port_runtime.logs import get_logger
from port_runtime.metrics import Instruments
from port_runtime.ops_server import OpsServer, open_listener
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector

from mailer.actors import Deliverer, declare_actor
from mailer.adapters.clock import SystemClock
from mailer.adapters.collectors import ProcessCollector, QueueCollector
from mailer.adapters.core import OneCore
from mailer.adapters.payload_opener import SealedPayloadOpener
from mailer.adapters.redis.broker import ActorQueue, NotifyingRedisBroker
from mailer.adapters.redis.connection import (
    TRANSIENT_ERRORS,
    ThreadConnections,
    connect,
    durability_warnings,
    missing_permissions,
)
from mailer.adapters.redis.ledger import LedgerConfig, RedisLedger
from mailer.adapters.redis.pause import RedisQueuePause
from mailer.adapters.redis.rate_limit import RedisDomainRateLimit
from mailer.adapters.redis.stream import GROUP, EventStream
from mailer.adapters.renderer import TemplateRenderer
from mailer.adapters.smtp.instrumented_transport import InstrumentedTransport
from mailer.adapters.smtp.message import MessageBuilder
from mailer.adapters.smtp.session import NoSessionError
from mailer.adapters.smtp.transport import SmtpTransport
from mailer.domain.mail import Mail, Mailbox
from mailer.in_flight import InFlight
from mailer.intake import Intake, IntakePorts
from mailer.metrics import CATALOGUE, PrometheusDeliveryMetrics
from mailer.usecases.delivery import Delivery

if TYPE_CHECKING:
    from types import FrameType

    import redis

    from mailer.domain.catalogue import MailKind
    from mailer.settings import Settings, TemplateSettings
    from mailer.usecases.ports import Clock

QUEUED_A_THREAD: Final = 16
WORKER_POLL_MS: Final = 500
STOP_SECONDS: Final = 25.0
HAND_BACK_SECONDS: Final = 5.0
"""What a stop may take: mails under way, then what Redis is told. A container is given more (deploy/runbook.md)."""
_NOT_IN_A_QUEUES_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
log = get_logger("mailer.process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The parts of one process that others are made of."""

    client: redis.Redis
    connections: ThreadConnections
    clock: Clock
    stream: EventStream
    in_flight: InFlight
    ledger: RedisLedger
    transport: SmtpTransport
    pause: RedisQueuePause
    broker: NotifyingRedisBroker
    instruments: Instruments


@dataclass(frozen=True, slots=True)
class MailerProcess:
    """One mailer: `start` and `stop` for tests, `run` for `mailer run`; any number work side by side."""

    name: str
    wiring: Wiring
    intake: Intake
    worker: dramatiq.Worker

    @classmethod
    def build(
        cls, settings: Settings, *, clock: Clock | None = None, name: str | None = None
    ) -> MailerProcess:
        """Wire everything; connects to nothing yet. BrokenTemplateError when a template is not right."""
        name = name or process_name()
        wiring = _wire(settings, clock=clock or SystemClock(), name=name)
        delivery = Delivery(
            clock=wiring.clock,
            ledger=wiring.ledger,
            payload_opener=SealedPayloadOpener(settings.opener()),
            renderer=build_renderer(settings),
            transport=InstrumentedTransport(wiring.transport, wiring.instruments),
            metrics=PrometheusDeliveryMetrics(wiring.instruments),
            rate_limit=RedisDomainRateLimit(
                wiring.connections, settings.domain_rate_limits, clock=wiring.clock
            ),
            is_paused=wiring.pause.is_paused,
            public_url=settings.public_url,
        )
        deliverer = Deliverer(
            in_flight=wiring.in_flight, stream=wiring.stream, delivery=delivery, clock=wiring.clock
        )
        deliver = declare_actor(wiring.broker, deliverer, queue=name)
        intake = _intake(wiring, ActorQueue(wiring.broker, deliver), lease_seconds=settings.lease_seconds)
        worker = dramatiq.Worker(
            wiring.broker, worker_threads=settings.threads, worker_timeout=WORKER_POLL_MS
        )
        return cls(name, wiring, intake, worker)

    def start(self) -> None:
        """Work in threads of this process until `stop`; returns at once."""
        self.worker.start()
        self.intake.start()
        log.info("mailer_started", name=self.name, threads=self.worker.worker_threads)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Finish what is under way within the time, hand the rest to the other mailers, and leave."""
        self.intake.close()
        self.worker.stop(timeout=int(timeout_seconds * 1000))
        self.intake.stop()
        left = self.wiring.in_flight.drain()
        with suppress(*TRANSIENT_ERRORS):
            for each in left:
                if each.grant:
                    self.wiring.ledger.defer(each.grant, due=self.wiring.clock.now(), failed=False)
            self.wiring.stream.leave_group([each.entry_id for each in left])
            self.wiring.broker.remove_queue(self.name)
        self.wiring.transport.close()
        self.wiring.connections.close()
        self.wiring.client.close()
        log.info("mailer_stopped", name=self.name, handed_back=len(left))

    def endpoint(self, settings: Settings) -> OpsServer:
        """Return what tells operators of this mailer (OPS-4); it asks Redis over a connection of its own."""
        wiring, client = self.wiring, connect(settings.redis_url.reveal())
        observer = ScrapeCollector(
            QueueCollector(client, stream=settings.stream).collect,
            ProcessCollector(wiring.in_flight, wiring.transport.is_unavailable).collect,
        )
        return OpsServer(
            wiring.instruments.registry(observer),
            # Without the mail server: a rollout must not wait for it, and mails do.
            checks=[Check("redis", partial(_ping, client))],
            alive=self._is_alive,
        )

    def _is_alive(self) -> bool:
        threads = self.worker.workers
        return self.intake.heartbeat.is_alive() and all(thread.is_alive() for thread in threads)

    def run(self, settings: Settings) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends the process at once. Raises SettingsError."""
        address = settings.metrics_bind
        with ErrorCollector() as collector:
            with collector.step():
                tracing.configure("mailer")
            with collector.step():
                listener = open_listener(address, "MAILER_METRICS_BIND") if address else None
        endpoint = self.endpoint(settings)
        if listener is not None:
            endpoint.start(listener)
        asked = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            asked.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        self.start()
        core = OneCore()
        core.start()
        self._warn_about_durability()
        asked.wait()
        self._shut_down()
        core.stop()
        endpoint.stop()
        tracing.close()

    def _shut_down(self) -> None:
        """Stop, but do not wait long for a Redis that is cut off: leases that run out hand over as well."""
        leaving = threading.Thread(target=self.stop, name="leaving", daemon=True)
        leaving.start()
        join_all(self.worker.workers, int(STOP_SECONDS * 1000))  # type: ignore[no-untyped-call]  # dramatiq's own gap
        leaving.join(HAND_BACK_SECONDS)
        if leaving.is_alive():
            log.warning("mailer_left_in_haste", name=self.name)

    def _warn_about_durability(self) -> None:
        """Tell once of a Redis that may lose mails; one that is away yet is not asked again (SEC-10)."""
        with suppress(*TRANSIENT_ERRORS):
            for weakness in durability_warnings(self.wiring.client):
                log.warning("redis_may_lose_mails", reason=weakness)


def build_renderer(settings: TemplateSettings) -> TemplateRenderer:
    """Return the templates, tried; BrokenTemplateError when one is not right."""
    made = TemplateRenderer(
        sender_name=settings.sender.name or settings.sender.address,
        public_url=settings.public_url,
        can_reply=settings.reply_to is not None,
        override_dir=settings.template_dir,
    )
    for name in made.unknown_files():
        log.warning("template_unknown", file=name)
    return made


def build_transport(settings: Settings, clock: Clock) -> SmtpTransport:
    """Return the mail server as the settings name it."""
    return SmtpTransport(
        settings.smtp_server(),
        sender=settings.sender,
        message_builder=MessageBuilder(sender=settings.sender, reply_to=settings.reply_to),
        clock=clock,
    )


def send_sample(settings: Settings, kind: MailKind, *, address: str) -> None:
    """Send the mail's first sample as a test; NotSentError, ServerAwayError or UnsafeMailError when that fails."""
    clock = SystemClock()
    templates = build_renderer(settings)
    sample = next(templates.samples(kind))
    rendered = templates.render_test(kind, sample)
    box = build_transport(settings, clock)
    try:
        box.send(
            Mail(
                event_id=f"test-{uuid4()}",
                to=Mailbox(address, sample.name),
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                date=clock.now(),
            )
        )
    finally:
        box.close()


def check_redis(settings: Settings) -> None:
    """Raise Unhealthy when Redis is away, forbids what a mailer does, or may lose mails (SEC-10)."""
    with connect(settings.redis_url.reveal()) as client:
        missing = missing_permissions(client, stream=settings.stream, receipts=RECEIPTS)
        if missing:
            raise Unhealthy(f"the user may not {', '.join(missing)}")
        if found := durability_warnings(client):
            raise Unhealthy("; ".join(found))


def check_smtp(settings: Settings) -> None:
    """Raise Unhealthy when the mail server cannot be reached, or used with these settings."""
    try:
        build_transport(settings, SystemClock()).check()
    except NoSessionError as error:
        raise Unhealthy(str(error)) from None


def process_name() -> str:
    """Return a name for this process that a queue may bear too.

    dramatiq wants a letter first and no dots, and a container's host name is often a number.
    """
    return f"mailer-{_NOT_IN_A_QUEUES_NAME.sub('-', member_name())}"


def _ping(client: redis.Redis) -> None:
    client.ping()


def _wire(settings: Settings, *, clock: Clock, name: str) -> Wiring:
    client = connect(settings.redis_url.reveal())
    connections = ThreadConnections(settings.redis_url.reveal())
    most_queued = settings.threads * QUEUED_A_THREAD
    names = LedgerConfig(
        owner=name,
        stream=settings.stream,
        group=GROUP,
        receipts=RECEIPTS,
        lease_ms=settings.lease_seconds * 1000,
    )
    return Wiring(
        client=client,
        connections=connections,
        clock=clock,
        stream=EventStream(client, stream=settings.stream, name=name),
        in_flight=InFlight(max_queued=most_queued),
        ledger=RedisLedger(connections, names, clock=clock),
        transport=build_transport(settings, clock),
        pause=RedisQueuePause(client),
        broker=NotifyingRedisBroker(client, name=name, prefetch=2 * most_queued),
        instruments=Instruments(CATALOGUE),
    )


def _intake(wiring: Wiring, queue: ActorQueue, *, lease_seconds: float) -> Intake:
    parts = IntakePorts(
        stream=wiring.stream,
        in_flight=wiring.in_flight,
        leases=wiring.ledger,
        mail_server=wiring.transport,
        pause=wiring.pause,
        queue=queue,
        clock=wiring.clock,
        transient_errors=TRANSIENT_ERRORS,
    )
    return Intake(parts, lease_seconds=lease_seconds)
