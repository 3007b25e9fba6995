"""The catalogue of the mailer's metrics, and the implementation of DeliveryMetrics (OPS-4).

`deploy/observability/metrics.md` is generated from the catalogue. No label contains an address, a name or a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from port_runtime.metrics import counter, histogram, observable_gauge
from port_runtime.process_metrics import PROCESS, build_info
from typing_extensions import override

from mailer.domain.mail import FINAL
from mailer.domain.mail_kinds import MAILS
from mailer.domain.smtp_replies import RULES
from mailer.usecases.delivery_ports import DeliveryMetrics

if TYPE_CHECKING:
    from datetime import timedelta

    from port_runtime.metrics import Instruments

    from mailer.domain.mail import State

UNREADABLE: Final = "unreadable"
TYPES: Final = (*sorted(MAILS), UNREADABLE)
OUTCOMES: Final = tuple(sorted(FINAL))
# The categories of temporary refusals, and the other reasons to defer a mail.
REASONS: Final = (
    *sorted({rule.category for rule in RULES if not rule.permanent}),
    "server_away",
    "ceiling",
    "slow",
    "paused",
    "fault",
)
SMTP_RESULTS: Final = ("accepted", "refused", "away")
IN_FLIGHT_STATES: Final = ("queued", "running", "waiting")
MAIL_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28800.0)
SMTP_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0, 60.0)

BUILD = build_info("mailer")
COMPLETED = counter(
    "mailer_mails_total",
    "mails",
    "Mails that reached a final outcome, by type of mail and outcome: accepted, permanently refused, or expired",
    type=TYPES,
    outcome=OUTCOMES,
)
DEFERRED = counter("mailer_put_off_total", "attempts", "Deferred mails, by reason", reason=REASONS)
MAIL_SECONDS = histogram(
    "mailer_mail_seconds",
    "Time from the event that requests a mail to its acceptance by the mail server, including all waits",
    buckets=MAIL_BUCKETS,
)
SMTP_SECONDS = histogram(
    "mailer_smtp_seconds",
    "Time to deliver one mail by SMTP, including connecting where needed, by result (`away`: no reply that decides)",
    buckets=SMTP_BUCKETS,
    answer=SMTP_RESULTS,
)
IN_FLIGHT = observable_gauge(
    "mailer_in_hand",
    "mails",
    "Mails in flight in this mailer: queued, running, or waiting for a retry",
    place=IN_FLIGHT_STATES,
)
SMTP_UNAVAILABLE = observable_gauge(
    "mailer_smtp_away", "", "1 while this mailer cannot reach or use the mail server"
)
STREAM_LAG = observable_gauge(
    "mailer_stream_lag",
    "events",
    "Entries of the stream of mails that no mailer has read yet; absent while Redis cannot determine it",
)
STREAM_PENDING = observable_gauge(
    "mailer_stream_pending",
    "events",
    "Entries that mailers have read and not finished, including waiting ones",
)
OLDEST = observable_gauge(
    "mailer_oldest_seconds",
    "seconds",
    "Age of the oldest entry that is not finished; 0 if there is none",
)
DEAD = observable_gauge(
    "mailer_dead_letters", "mails", "Dead letters: mails that were permanently refused or unreadable"
)
PAUSED = observable_gauge("mailer_paused", "", "1 while an operator has paused the queue")

CATALOGUE: Final = (
    COMPLETED,
    DEFERRED,
    MAIL_SECONDS,
    SMTP_SECONDS,
    IN_FLIGHT,
    SMTP_UNAVAILABLE,
    STREAM_LAG,
    STREAM_PENDING,
    OLDEST,
    DEAD,
    PAUSED,
    BUILD,
    *PROCESS,
)


class PrometheusDeliveryMetrics(DeliveryMetrics):
    """Delivery metrics in Prometheus; a mail of unknown kind has the type `unreadable`."""

    def __init__(self, instruments: Instruments) -> None:
        completed, self._deferred = instruments.counter(COMPLETED), instruments.counter(DEFERRED)
        self._completed = {
            (mail, state): completed.labels(mail, state) for mail in TYPES for state in OUTCOMES
        }
        self._seconds = instruments.histogram(MAIL_SECONDS)

    @override
    def record_outcome(self, mail: str | None, state: State, *, after: timedelta) -> None:
        self._completed[mail or UNREADABLE, state].inc()
        if state == "sent":
            self._seconds.observe(max(after.total_seconds(), 0))

    @override
    def record_deferral(self, reason: str) -> None:
        self._deferred.labels(reason).inc()
