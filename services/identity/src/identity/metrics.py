"""The catalogue of identity's metrics (OPS-4). No label may hold a name, an address or a token.

`deploy/observability/metrics.md` is generated from it.
"""

from typing import Final

from port_runtime.metrics import counter, gauge, histogram, observable_gauge
from port_runtime.process_metrics import PROCESS, build_info

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER: Final = "other"
UNKNOWN_ROUTE: Final = "none"
FORWARDING: Final = ("x-forwarded-for", "forwarded")
CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
HASHING: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
OUTCOMES: Final = ("opened", "bad_credentials", "locked", "suspended", "rejected", "busy")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "token-exchange")
OAUTH_ENDPOINTS: Final = ("authorize", "introspect", "par", "revoke", "token", "userinfo")
OAUTH_ERRORS: Final = (
    "access_denied",
    "account_selection_required",
    "consent_required",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unmet_authentication_requirements",
    "unsupported_grant_type",
    "unsupported_response_type",
)
POOLS: Final = ("transactions", "statements")
RECEIPTS: Final = ("sent", "refused", "expired")
VERDICTS: Final = ("told", "retried", "set_aside")
UNTIL_TOLD: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0)
STREAMS: Final = ("events", "mails")
UNTIL_PUBLISHED: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)

BUILD = build_info("identity")
REQUESTS = counter(
    "identity_http_requests_total",
    "requests",
    "Answered requests by route template (`none` for an unknown path) and class of the status code",
    method=(),
    route=(),
    status=(),
)
REQUEST_SECONDS = histogram(
    "identity_http_request_seconds",
    "Time from the first byte of a request until it is handled, excluding network time",
    method=(),
    route=(),
)
FORWARDING_UNREADABLE = counter(
    "identity_forwarding_unreadable_total",
    "requests",
    "Requests whose client address could not be parsed from the trusted proxy's forwarding header, by header",
    header=FORWARDING,
)
LOGINS = counter(
    "identity_logins_total",
    "logins",
    "Login attempts through the portal and the API, by outcome",
    outcome=OUTCOMES,
)
HASH_WAITING = gauge(
    "identity_hash_waiting",
    "requests",
    "Requests that wait for a hash slot, in all web processes",
)
HASH_WAIT_SECONDS = histogram("identity_hash_wait_seconds", "Wait for a hash slot", buckets=HASHING)
HASH_SECONDS = histogram(
    "identity_hash_seconds", "Time to hash one password, without the wait", buckets=HASHING
)
HASHES_REFUSED = counter(
    "identity_hashes_refused_total",
    "requests",
    "Requests refused because the hash queue was full (503)",
)
OAUTH_TOKENS = counter(
    "identity_oauth_tokens_total",
    "answers",
    "Token responses by grant type (OpenID Connect)",
    grant=GRANT_TYPES,
)
OAUTH_REFUSALS = counter(
    "identity_oauth_refusals_total",
    "requests",
    "Requests that an OAuth endpoint refused, by the error code of the answer",
    endpoint=OAUTH_ENDPOINTS,
    error=OAUTH_ERRORS,
)
INTROSPECTIONS = counter(
    "identity_introspections_total",
    "answers",
    "Token introspection responses, by the value of `active`",
    active=("true", "false"),
)
REFRESH_REUSE = counter(
    "identity_refresh_reuse_total",
    "requests",
    "Reused refresh tokens; reuse ends the login, because the token was stolen or the client is faulty",
)
SESSIONS = observable_gauge(
    "identity_sessions",
    "sessions",
    "Sessions that have exceeded neither their idle nor their absolute lifetime",
)
WORKERS = gauge("identity_web_workers", "processes", "Running web processes of this instance")
DATABASE_CONNECTIONS = gauge(
    "identity_database_connections",
    "connections",
    "Connections to PostgreSQL in use by all web processes of this instance: for transactions or single statements",
    pool=POOLS,
)
DATABASE_CONNECTIONS_MAX = gauge(
    "identity_database_connections_max",
    "connections",
    "Connections to PostgreSQL that may be in use (`IDENTITY_DATABASE_POOL`); 0 on SQLite",
    pool=POOLS,
)
EXPIRED_OLDEST = observable_gauge(
    "identity_expired_oldest_seconds",
    "seconds",
    "Time since the expiry of the oldest session or counter that `identity tidy` has not deleted; 0 if there is none",
)
TIDY_LAST_SUCCESS = observable_gauge(
    "identity_tidy_last_success_seconds",
    "seconds",
    "Time since the last successful run of `identity tidy`; absent before the first",
)

WEB: Final = (
    REQUESTS,
    REQUEST_SECONDS,
    FORWARDING_UNREADABLE,
    LOGINS,
    HASH_WAITING,
    HASH_WAIT_SECONDS,
    HASH_SECONDS,
    HASHES_REFUSED,
    OAUTH_TOKENS,
    OAUTH_REFUSALS,
    INTROSPECTIONS,
    REFRESH_REUSE,
    SESSIONS,
    WORKERS,
    DATABASE_CONNECTIONS,
    DATABASE_CONNECTIONS_MAX,
    EXPIRED_OLDEST,
    TIDY_LAST_SUCCESS,
    BUILD,
    *PROCESS,
)

LEADS = gauge("identity_relay_leads", "", "1 in the leader, 0 in standby relays")
PUBLISHED = counter("identity_relay_published_total", "events", "Events appended to the stream")
PUBLISHED_AGAIN = counter(
    "identity_relay_published_again_total", "events", "Events republished to a Redis that had lost them"
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

RELAY: Final = (
    LEADS,
    PUBLISHED,
    PUBLISHED_AGAIN,
    PUBLISH_SECONDS,
    RECEIPTS_NOTED,
    MAILS_LOST,
    RELAY_FAILURES,
    OUTBOX_UNPUBLISHED,
    OUTBOX_OLDEST,
    MAILS_WAITING,
    MAILS_OLDEST,
    AUDIT_UNSEALED,
    AUDIT_OLDEST,
    AUDIT_TRUNCATED,
    AUDIT_HEAD,
    REDIS_MEMORY,
    REDIS_MEMORY_MAX,
    STREAM_ENTRIES,
    STREAM_LAG,
    STREAM_PENDING,
    STREAM_OLDEST,
    BUILD,
    *PROCESS,
)

GRANTS = observable_gauge(
    "identity_grants", "grants", "Logins at other services that have not ended (OpenID Connect)"
)
LOGOUTS = counter(
    "identity_logouts_total", "tries", "Attempts to send a logout to a client, by result", outcome=VERDICTS
)
LOGOUTS_WAITING = observable_gauge(
    "identity_logouts_waiting", "logouts", "Logouts that are still to be sent to a client"
)
LOGOUTS_OLDEST = observable_gauge(
    "identity_logouts_oldest_seconds",
    "seconds",
    "Age of the oldest logout that is still to be sent; 0 if there is none",
)
LOGOUT_SECONDS = histogram(
    "identity_logout_seconds",
    "Time from the end of a login until its client accepted the logout",
    buckets=UNTIL_TOLD,
)
NOTIFY_FAILURES = counter(
    "identity_notify_failures_total",
    "failures",
    "Rounds and attempts that failed for a reason other than the client, by task",
    task=("lease", "tell", "expire"),
)

SIGNING_KEYS = observable_gauge(
    "identity_signing_keys", "keys", "Keys of `IDENTITY_OIDC_KEYS` that may sign now", alg=("RS256", "ES256")
)

NOTIFY: Final = (
    GRANTS,
    LOGOUTS,
    LOGOUTS_WAITING,
    LOGOUTS_OLDEST,
    LOGOUT_SECONDS,
    NOTIFY_FAILURES,
    SIGNING_KEYS,
    BUILD,
    *PROCESS,
)
