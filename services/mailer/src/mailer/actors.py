"""The one actor: `deliver(entry_id)`. Its argument names a stream entry and tells nothing else (SEC-9)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import dramatiq
from dramatiq.errors import Retry
from port_runtime import tracing
from port_runtime.logs import get_logger
from structlog.contextvars import bound_contextvars

from mailer.domain.backoff import MAX_SECONDS, backoff_seconds
from mailer.usecases.delivery import RetryAt

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.in_flight import InFlight, WorkItem
    from mailer.usecases.delivery import Delivery
    from mailer.usecases.intake_ports import Stream
    from mailer.usecases.ports import Clock

    Deliver = dramatiq.Actor[[str], None]

MIN_DELAY_MS: Final = 50
log = get_logger("mailer.actors")


class Deliverer:
    """What the actor does: one entry from the desk through the use case, back to the desk when it must wait."""

    def __init__(self, *, in_flight: InFlight, stream: Stream, delivery: Delivery, clock: Clock) -> None:
        self._in_flight, self._stream, self._delivery, self._clock = in_flight, stream, delivery, clock

    def deliver(self, entry_id: str) -> None:
        """Raise dramatiq's Retry with the delay after which the entry is due again.

        What waits longer than any retry, as for an operator, is left to the intake's sweep: its messages would
        stand before the others in the queue of delayed ones.
        """
        work = self._in_flight.start(entry_id)
        if work is None:
            return
        due = self._try(work)
        if due is None:
            self._in_flight.complete(entry_id)
            return
        self._in_flight.defer(entry_id, due)
        wait = (due - self._clock.now()) / timedelta(milliseconds=1)
        if wait <= MAX_SECONDS * 1000:
            raise Retry(delay=max(int(wait) + 1, MIN_DELAY_MS))

    def _try(self, work: WorkItem) -> datetime | None:
        try:
            return self._deliver(work)
        except Exception:  # one entry's trouble, such as Redis being away, must not end the others
            log.exception("delivery_failed", entry_id=work.entry_id)
            return self._clock.now() + timedelta(seconds=backoff_seconds("trouble", 1, fraction=0))

    def _deliver(self, work: WorkItem) -> datetime | None:
        entry = work.entry or self._stream.fetch(work.entry_id)
        if entry is None:
            log.error("entry_trimmed", entry_id=work.entry_id)
            self._stream.acknowledge([work.entry_id])
            return None
        event = entry.event
        with (
            tracing.span(
                f"deliver {event.type}",
                parent=event.traceparent,
                kind=tracing.SpanKind.CONSUMER,
                messaging__system="redis",
                messaging__operation__type="process",
                messaging__message__id=event.id,
            ),
            bound_contextvars(event_id=event.id, trace_id=tracing.trace_id()),
        ):
            outcome = self._delivery.deliver(entry, work.grant)
        return outcome.due if isinstance(outcome, RetryAt) else None


def declare_actor(broker: dramatiq.Broker, deliverer: Deliverer, *, queue: str) -> Deliver:
    """Make the actor on this broker; nothing is made at import."""
    options: dict[str, Any] = {"broker": broker, "actor_name": "deliver", "queue_name": queue}
    return dramatiq.actor(deliverer.deliver, **options)
