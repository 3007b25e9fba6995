"""Builds the parts of a mailer and of its commands from the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from port_events.consumer_group import member_name
from port_runtime.logs import get_logger
from port_runtime.metrics import Instruments

from mailer.actors import Deliverer
from mailer.adapters.payload_opener import SealedPayloadOpener
from mailer.adapters.redis.connection import ThreadConnections, connect
from mailer.adapters.redis.delivery_ledger import RedisLedger
from mailer.adapters.redis.domain_rate_limits import RedisDomainRateLimit
from mailer.adapters.redis.dramatiq_broker import NotifyingRedisBroker
from mailer.adapters.redis.queue_pause import RedisQueuePause
from mailer.adapters.redis.stream import MailStream
from mailer.adapters.renderer import CommonValues, TemplateRenderer
from mailer.adapters.smtp.instrumented_transport import InstrumentedTransport
from mailer.adapters.smtp.message import MessageBuilder
from mailer.adapters.smtp.transport import SmtpTransport
from mailer.bulkhead import Bulkhead
from mailer.in_flight import InFlight
from mailer.intake import Intake, IntakeParts
from mailer.metrics import CATALOGUE, PrometheusDeliveryMetrics
from mailer.usecases.delivery import Delivery

if TYPE_CHECKING:
    import redis

    from mailer.actors import Deliver
    from mailer.settings import Settings, TemplateSettings
    from mailer.usecases.delivery_ports import Clock

QUEUED_PER_THREAD: Final = 16
_INVALID_IN_QUEUE_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
log = get_logger("mailer.process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The objects that several parts of one process share."""

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


def build_wiring(settings: Settings, *, clock: Clock, name: str) -> Wiring:
    client = connect(settings.redis_url.reveal())
    connections = ThreadConnections(client)
    bulkhead = Bulkhead(settings.threads)
    max_queued = settings.threads * QUEUED_PER_THREAD
    return Wiring(
        client=client,
        connections=connections,
        clock=clock,
        stream=MailStream(client, name=name),
        in_flight=InFlight(max_queued=max_queued),
        ledger=RedisLedger(connections, owner=name, lease_ms=settings.lease_seconds * 1000, clock=clock),
        transport=build_transport(settings, clock, bulkhead),
        bulkhead=bulkhead,
        pause=RedisQueuePause(client),
        broker=NotifyingRedisBroker(client, name=name, prefetch=2 * max_queued),
        instruments=Instruments(CATALOGUE),
    )


def build_deliverer(wiring: Wiring, settings: Settings) -> Deliverer:
    delivery = Delivery(
        clock=wiring.clock,
        ledger=wiring.ledger,
        payload_opener=SealedPayloadOpener(settings.opener()),
        renderer=build_renderer(settings),
        transport=InstrumentedTransport(wiring.transport, wiring.instruments, server=settings.smtp_server()),
        metrics=PrometheusDeliveryMetrics(wiring.instruments),
        rate_limit=RedisDomainRateLimit(wiring.connections, settings.domain_rate_limits, clock=wiring.clock),
        is_paused=wiring.pause.is_paused,
        public_url=settings.public_url,
    )
    return Deliverer(
        in_flight=wiring.in_flight,
        stream=wiring.stream,
        delivery=delivery,
        clock=wiring.clock,
        bulkhead=wiring.bulkhead,
    )


def build_intake(wiring: Wiring, deliver: Deliver, *, lease_seconds: float) -> Intake:
    parts = IntakeParts(
        stream=wiring.stream,
        in_flight=wiring.in_flight,
        ledger=wiring.ledger,
        transport=wiring.transport,
        pause=wiring.pause,
        broker=wiring.broker,
        deliver=deliver,
        clock=wiring.clock,
    )
    return Intake(parts, lease_seconds=lease_seconds)


def build_renderer(settings: TemplateSettings) -> TemplateRenderer:
    """Return the renderer. Warns of each operator's file that replaces no template. Raises BrokenTemplateError."""
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
    return SmtpTransport(
        settings.smtp_server(),
        sender=settings.sender,
        message_builder=MessageBuilder(sender=settings.sender, reply_to=settings.reply_to),
        clock=clock,
        bulkhead=bulkhead or Bulkhead(settings.threads),
    )


def process_name() -> str:
    """Return a unique name for this process that is also valid for a dramatiq queue.

    The prefix is needed because such a name must not start with a digit, as the host name of a container often does.
    """
    return f"mailer-{_INVALID_IN_QUEUE_NAME.sub('-', member_name())}"
