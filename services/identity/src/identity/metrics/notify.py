"""The metrics of `identity notify`."""

from typing import Final

from port_runtime.metrics import counter, histogram, observable_gauge

from identity.metrics import catalogue

VERDICTS: Final = ("told", "retried", "set_aside")
UNTIL_TOLD: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0)

GRANTS = observable_gauge(
    "identity_grants", "grants", "Logins at other services that have not ended (OpenID Connect)"
)
LOGOUTS = counter(
    "identity_logouts_total", "tries", "Attempts to send a logout to a client, by result", outcome=VERDICTS
)
LOGOUTS_WAITING = observable_gauge(
    "identity_logouts_waiting", "logouts", "Logouts that have not been sent to their client yet"
)
LOGOUTS_OLDEST = observable_gauge(
    "identity_logouts_oldest_seconds",
    "seconds",
    "Age of the oldest logout that has not been sent yet; 0 if there is none",
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

NOTIFY: Final = catalogue(globals())
