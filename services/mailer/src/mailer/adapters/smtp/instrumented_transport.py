"""A mail transport that measures and traces another transport (OPS-4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from port_runtime import tracing
from typing_extensions import override

from mailer.domain.errors import AbandonedError, NotSentError
from mailer.metrics import SMTP_SECONDS
from mailer.usecases.delivery_ports import MailTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from port_runtime.metrics import Instruments
    from prometheus_client import Histogram

    from mailer.adapters.smtp.server_settings import SmtpServer
    from mailer.domain.mail import Mail


class InstrumentedTransport(MailTransport):
    """Measures and traces each mail. The span contains the category of the reply, never its text."""

    def __init__(self, transport: MailTransport, instruments: Instruments, *, server: SmtpServer) -> None:
        self._transport = transport
        self._server = tracing.server(server.host, server.port)
        seconds = instruments.histogram(SMTP_SECONDS)
        self._accepted, self._refused, self._away = map(seconds.labels, ("accepted", "refused", "away"))

    @override
    def send(self, mail: Mail, *, should_send: Callable[[], bool]) -> None:
        started = time.perf_counter()
        answer = "away"
        histogram: Histogram | None = self._away
        with tracing.span(
            "smtp send", kind=tracing.SpanKind.CLIENT, network__protocol__name="smtp", **self._server
        ) as span:
            try:
                self._transport.send(mail, should_send=should_send)
                answer, histogram = "accepted", self._accepted
            except NotSentError as error:
                answer, histogram = error.rule.category, self._refused
                raise
            except AbandonedError:
                answer, histogram = "abandoned", None
                raise
            finally:
                span.set_attribute("smtp.answer", answer)
                if histogram is not None:
                    histogram.observe(time.perf_counter() - started)
