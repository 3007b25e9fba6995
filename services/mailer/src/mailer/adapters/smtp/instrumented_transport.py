"""The mail server, with what it takes measured and traced (OPS-4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from port_runtime import tracing

from mailer.domain.errors import AbandonedError, NotSentError, NotYetError
from mailer.metrics import SMTP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from port_runtime.metrics import Instruments
    from prometheus_client import Histogram

    from mailer.domain.mail import Mail
    from mailer.usecases.ports import MailTransport


class InstrumentedTransport:
    """See `mailer.usecases.ports.Postbox`; does what the other does, and tells of it."""

    def __init__(self, transport: MailTransport, instruments: Instruments) -> None:
        self._transport = transport
        seconds = instruments.histogram(SMTP_SECONDS)
        self._accepted, self._refused, self._away = map(seconds.labels, ("accepted", "refused", "away"))

    def send(self, mail: Mail, *, should_send: Callable[[], bool]) -> None:
        """Send; raises as the other does. The span says what the answer meant, never in the server's words."""
        began = time.perf_counter()
        answer: Histogram | None = self._away
        with tracing.span("smtp send", kind=tracing.SpanKind.CLIENT, network__protocol__name="smtp") as span:
            try:
                self._transport.send(mail, should_send=should_send)
                answer = self._accepted
                span.set_attribute("smtp.answer", "accepted")
            except NotSentError as error:
                answer = self._refused
                span.set_attribute("smtp.answer", error.verdict.category)
                raise
            except AbandonedError:
                answer = None
                span.set_attribute("smtp.answer", "abandoned")
                raise
            except NotYetError:
                span.set_attribute("smtp.answer", "away")
                raise
            finally:
                if answer is not None:
                    answer.observe(time.perf_counter() - began)
