"""The metrics of `identity serve`."""

from typing import Final

from port_runtime.metrics import counter, gauge, histogram, observable_gauge

from identity.metrics import catalogue

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER: Final = "other"
UNKNOWN_ROUTE: Final = "none"
FORWARDING: Final = ("x-forwarded-for", "forwarded")
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
    "Time that a thread takes to handle a request, which has arrived completely, until its response is ready",
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

WEB: Final = catalogue(globals())
