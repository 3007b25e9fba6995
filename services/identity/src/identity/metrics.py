"""What identity measures: the one list, and how the use cases and adapters put it there (OPS-4).

Prometheus' names; `deploy/observability/metrics.md` is made from it. No label ever holds a name, an address or a token.
"""

from typing import Final

from port_runtime.metrics import Instruments, counter, gauge, histogram, observable_gauge
from prometheus_client import Counter, Histogram
from typing_extensions import override

from identity.usecases.ports.system import LoginCounter

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER: Final = "other"
UNKNOWN_ROUTE: Final = "none"
CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
HASHING: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
OUTCOMES: Final = ("opened", "bad_credentials", "locked", "suspended", "busy")
RECEIPTS: Final = ("sent", "refused", "expired")
UNTIL_PUBLISHED: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)

REQUESTS = counter(
    "identity_http_requests_total",
    "requests",
    "Requests answered, by the route's template (`none` where there is no such route) and the class of the status",
    method=(),
    route=(),
    status=(),
)
REQUEST_SECONDS = histogram(
    "identity_http_request_seconds",
    "From the first byte of a request to its answer, without the network",
    method=(),
    route=(),
)
LOGINS = counter(
    "identity_logins_total", "logins", "Logins by outcome, from the portal and the API", outcome=OUTCOMES
)
HASH_WAITING = gauge(
    "identity_hash_waiting",
    "requests",
    "Requests that wait for a slot to hash a password in, all web processes",
)
HASH_WAIT_SECONDS = histogram(
    "identity_hash_wait_seconds", "Wait for a slot to hash a password in", buckets=HASHING
)
HASH_SECONDS = histogram("identity_hash_seconds", "Hashing one password, without the wait", buckets=HASHING)
HASHES_REFUSED = counter(
    "identity_hashes_refused_total",
    "requests",
    "Requests told to come back since the hash queue was full (503)",
)
SESSIONS = observable_gauge("identity_sessions", "sessions", "Open sessions: past neither of their limits")
WORKERS = gauge("identity_web_workers", "processes", "Web processes of this instance that are up")

WEB: Final = (
    REQUESTS,
    REQUEST_SECONDS,
    LOGINS,
    HASH_WAITING,
    HASH_WAIT_SECONDS,
    HASH_SECONDS,
    HASHES_REFUSED,
    SESSIONS,
    WORKERS,
)

LEADS = gauge("identity_relay_leads", "", "1 in the relay that publishes, 0 in those that stand by")
PUBLISHED = counter("identity_relay_published_total", "events", "Events appended to the stream")
PUBLISHED_AGAIN = counter(
    "identity_relay_published_again_total", "events", "Events given to a Redis again that had lost them"
)
PUBLISH_SECONDS = histogram(
    "identity_relay_publish_seconds",
    "From an event's change to its place in the stream",
    buckets=UNTIL_PUBLISHED,
)
RECEIPTS_NOTED = counter(
    "identity_receipts_total",
    "receipts",
    "Receipts of mails noted, by what became of the mail",
    state=RECEIPTS,
)
RELAY_FAILURES = counter(
    "identity_relay_failures_total",
    "failures",
    "Rounds that a server's absence or a fault ended",
    task=("lead", "note", "seal"),
)
OUTBOX_UNPUBLISHED = observable_gauge(
    "identity_outbox_unpublished", "events", "Events committed and not yet published"
)
OUTBOX_OLDEST = observable_gauge(
    "identity_outbox_oldest_seconds",
    "seconds",
    "Age of the oldest event not yet published, 0 where there is none",
)
MAILS_WAITING = observable_gauge("identity_mails_waiting", "mails", "Mails asked for without a receipt yet")
MAILS_OLDEST = observable_gauge(
    "identity_mails_oldest_seconds",
    "seconds",
    "Age of the oldest mail without a receipt, 0 where there is none",
)
AUDIT_UNSEALED = observable_gauge("identity_audit_unsealed", "rows", "Rows of the audit log not yet sealed")
AUDIT_OLDEST = observable_gauge(
    "identity_audit_oldest_seconds",
    "seconds",
    "Age of the oldest row of the audit log not yet sealed, 0 where there is none",
)
STREAM_ENTRIES = observable_gauge("identity_stream_entries", "events", "Entries of the event stream")
STREAM_LAG = observable_gauge(
    "identity_stream_lag",
    "events",
    "Entries that a group has not been given yet; no series while Redis cannot tell",
    group=(),
)
STREAM_PENDING = observable_gauge(
    "identity_stream_pending", "events", "Entries that a group was given and has not acknowledged", group=()
)
STREAM_OLDEST = observable_gauge(
    "identity_stream_oldest_seconds",
    "seconds",
    "Age of the oldest entry that a group has not finished, 0 where there is none",
    group=(),
)

RELAY: Final = (
    LEADS,
    PUBLISHED,
    PUBLISHED_AGAIN,
    PUBLISH_SECONDS,
    RECEIPTS_NOTED,
    RELAY_FAILURES,
    OUTBOX_UNPUBLISHED,
    OUTBOX_OLDEST,
    MAILS_WAITING,
    MAILS_OLDEST,
    AUDIT_UNSEALED,
    AUDIT_OLDEST,
    STREAM_ENTRIES,
    STREAM_LAG,
    STREAM_PENDING,
    STREAM_OLDEST,
)


class HashMeter:
    """What the hashing of passwords tells."""

    def __init__(self, meters: Instruments) -> None:
        self.waiting = meters.gauge(HASH_WAITING)
        self.refused = meters.counter(HASHES_REFUSED)
        self.wait_seconds = meters.histogram(HASH_WAIT_SECONDS)
        self.seconds = meters.histogram(HASH_SECONDS)


class LoginMeter(LoginCounter):
    """See `identity.usecases.ports.Meter`."""

    def __init__(self, meters: Instruments) -> None:
        self._logins = meters.counter(LOGINS)

    @override
    def login(self, outcome: str) -> None:
        self._logins.labels(outcome).inc()


class RequestMeter:
    """Counts requests; a series is looked up once, since looking it up takes longer than counting."""

    def __init__(self, meters: Instruments) -> None:
        self._requests, self._seconds = meters.counter(REQUESTS), meters.histogram(REQUEST_SECONDS)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count an answer. As many series as there are routes, whatever is asked for."""
        method = method if method in METHODS else OTHER
        key = (method, route, status // 100)
        known = self._known.get(key) or self._series(*key)
        known[0].inc()
        known[1].observe(seconds)

    def _series(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        made = self._requests.labels(method, route, f"{status}xx"), self._seconds.labels(method, route)
        self._known[method, route, status] = made
        return made
