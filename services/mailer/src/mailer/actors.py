"""The actor `deliver(entry_id)`. The id is its only argument, because dramatiq logs arguments (SEC-9)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import dramatiq
from dramatiq.errors import Retry
from port_events.envelope import MAIL_STREAM
from port_runtime import tracing
from port_runtime.logs import get_logger
from structlog.contextvars import bound_contextvars

from mailer.domain.backoff import MAX_SECONDS, backoff_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.adapters.redis.stream import MailStream
    from mailer.bulkhead import Bulkhead
    from mailer.in_flight import InFlight, WorkItem
    from mailer.usecases.delivery import Delivery
    from mailer.usecases.delivery_ports import Clock

    Deliver = dramatiq.Actor[[str], None]

MIN_DELAY_MS: Final = 50
log = get_logger("mailer.actors")


class Deliverer:
    def __init__(
        self, *, in_flight: InFlight, stream: MailStream, delivery: Delivery, clock: Clock, bulkhead: Bulkhead
    ) -> None:
        self._in_flight, self._stream, self._delivery, self._clock = in_flight, stream, delivery, clock
        self._bulkhead = bulkhead

    def deliver(self, entry_id: str) -> None:
        """Deliver an entry. If it has to be retried, raise dramatiq's Retry with the delay.

        If the wait is longer than any backoff, for example during an operator's pause, the intake's sweep enqueues the
        entry again instead, because messages with long delays would fill dramatiq's delay queue and block others.
        """
        with self._bulkhead.active_slot():
            item = self._in_flight.start(entry_id)
            if item is None:
                return
            due = self._try(item)
        if due is None:
            self._in_flight.complete(entry_id)
            return
        self._in_flight.defer(entry_id, due)
        wait = (due - self._clock.now()) / timedelta(milliseconds=1)
        if wait <= MAX_SECONDS * 1000:
            raise Retry(delay=max(int(wait) + 1, MIN_DELAY_MS))

    def _try(self, item: WorkItem) -> datetime | None:
        try:
            return self._deliver(item)
        except Exception:  # otherwise the entry would stay `running` in InFlight
            log.exception("delivery_failed", entry_id=item.entry_id)
            return self._clock.now() + timedelta(seconds=backoff_seconds("trouble", 1, fraction=0))

    def _deliver(self, item: WorkItem) -> datetime | None:
        entry = item.entry or self._stream.fetch(item.entry_id)
        if entry is None:
            # Do not acknowledge it: after a failover, another server may still have the entry.
            log.error("entry_trimmed", entry_id=item.entry_id)
            return None
        event = entry.event
        with (
            tracing.span(
                f"deliver {MAIL_STREAM}",
                parent=event.traceparent,
                kind=tracing.SpanKind.CONSUMER,
                messaging__system="redis",
                messaging__operation__name="deliver",
                messaging__operation__type="process",
                messaging__destination__name=MAIL_STREAM,
                cloudevents__event_type=event.type,
                messaging__message__id=event.id,
            ),
            bound_contextvars(event_id=event.id, **tracing.log_ids()),
        ):
            return self._delivery.deliver(entry, item.grant)


def declare_actor(broker: dramatiq.Broker, deliverer: Deliverer, *, queue: str) -> Deliver:
    options: dict[str, Any] = {"broker": broker, "actor_name": "deliver", "queue_name": queue}
    return dramatiq.actor(deliverer.deliver, **options)
