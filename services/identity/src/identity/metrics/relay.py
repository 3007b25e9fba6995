"""The metrics of `identity relay`."""

from typing import Final

from port_runtime.metrics import counter, gauge, histogram, observable_gauge

from identity.metrics import catalogue

RECEIPTS: Final = ("sent", "refused", "expired")
STREAMS: Final = ("events", "mails")
UNTIL_PUBLISHED: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)

LEADS = gauge("identity_relay_leads", "", "1 in the leader, 0 in standby relays")
PUBLISHED = counter(
    "identity_relay_published_total", "events", "Events appended to the stream for the first time"
)
PUBLISHED_AGAIN = counter(
    "identity_relay_published_again_total",
    "events",
    "Events published again after Redis lost them or an operator replayed them",
)
PUBLISH_SECONDS = histogram(
    "identity_relay_publish_seconds",
    "Time from the change that an event describes until the event is in the stream",
    buckets=UNTIL_PUBLISHED,
)
RECEIPTS_NOTED = counter(
    "identity_receipts_total",
    "receipts",
    "Recorded receipts by the state of the mail",
    state=RECEIPTS,
)
MAILS_LOST = counter(
    "identity_mails_lost_total",
    "mails",
    "Mails that were lost from the stream before the mailer handled them",
)
RELAY_FAILURES = counter(
    "identity_relay_failures_total",
    "failures",
    "Failed rounds by task: publish (`lead`), record receipts (`note`), extend the audit chain (`seal`)",
    task=("lead", "note", "seal"),
)
OUTBOX_UNPUBLISHED = observable_gauge(
    "identity_outbox_unpublished", "events", "Committed events that are not published yet"
)
OUTBOX_OLDEST = observable_gauge(
    "identity_outbox_oldest_seconds",
    "seconds",
    "Age of the oldest unpublished event; 0 if there is none",
)
MAILS_WAITING = observable_gauge("identity_mails_waiting", "mails", "Requested mails without a receipt")
MAILS_OLDEST = observable_gauge(
    "identity_mails_oldest_seconds",
    "seconds",
    "Age of the oldest mail without a receipt; 0 if there is none",
)
AUDIT_UNSEALED = observable_gauge(
    "identity_audit_unsealed", "rows", "Rows of the audit log that are not in its chain yet"
)
AUDIT_OLDEST = observable_gauge(
    "identity_audit_oldest_seconds",
    "seconds",
    "Age of the oldest row of the audit log that is not in its chain; 0 if there is none",
)
AUDIT_TRUNCATED = gauge(
    "identity_audit_truncated",
    "",
    "1 in the leader while a recorded head of the audit log's chain is missing, otherwise 0",
)
AUDIT_HEAD = observable_gauge(
    "identity_audit_head",
    "",
    "Number of the last segment of the audit log's chain, which only grows; 0 if there is none",
)
REDIS_MEMORY = observable_gauge("identity_redis_memory_bytes", "bytes", "Memory that Redis uses")
REDIS_MEMORY_MAX = observable_gauge(
    "identity_redis_memory_max_bytes", "bytes", "Redis' `maxmemory`, 0 if there is no limit"
)
STREAM_ENTRIES = observable_gauge(
    "identity_stream_entries", "events", "Entries of the streams of events and mails", stream=STREAMS
)
STREAM_LAG = observable_gauge(
    "identity_stream_lag",
    "events",
    "Entries that a group has not read yet; absent while Redis cannot determine it",
    stream=STREAMS,
    group=(),
)
STREAM_PENDING = observable_gauge(
    "identity_stream_pending",
    "events",
    "Entries that a group has read and not acknowledged",
    stream=STREAMS,
    group=(),
)
STREAM_OLDEST = observable_gauge(
    "identity_stream_oldest_seconds",
    "seconds",
    "Age of the oldest entry that a group has not acknowledged; 0 if there is none",
    stream=STREAMS,
    group=(),
)

RELAY: Final = catalogue(globals())
