"""The rate limits of identity (SEC-3, SEC-6, SEC-19)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `max_count` events in a `window`, which starts with the first event.

    With `extends_on_limit`, the event that reaches the limit restarts the window.
    """

    name: str
    max_count: int
    window: timedelta
    extends_on_limit: bool = False

    def counter(self, *subject: str) -> "Counter":
        return Counter(self, subject)


@dataclass(frozen=True, slots=True)
class Counter:
    """A limit's counter for one subject. The database stores only a keyed hash of the subject (SEC-19)."""

    limit: Limit
    subject: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter's `count` in the window that ends at `expires_at`."""

    limit: Limit
    count: int
    expires_at: datetime

    @property
    def exceeded(self) -> bool:
        return self.count > self.limit.max_count

    @property
    def left(self) -> int:
        return max(0, self.limit.max_count - self.count)

    def is_full(self, now: datetime) -> bool:
        """Return whether another event would exceed the limit."""
        return self.count >= self.limit.max_count and now < self.expires_at

    def wait_seconds(self, now: datetime) -> int:
        """Return the seconds until the window ends, at least 1."""
        return max(1, ceil((self.expires_at - now).total_seconds()))


_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)

LOGIN_ACCOUNT = Limit(name="login.account", max_count=5, window=_QUARTER, extends_on_limit=True)
"""Failures with one username in unknown browsers. Taiwan's baseline requires this limit (Appendix 10)."""
LOGIN_DEVICE = Limit(name="login.device", max_count=5, window=_QUARTER, extends_on_limit=True)
"""Failures with one account in one known browser, counted apart, so that strangers cannot lock out the owner."""
PASSWORD_CHECK = Limit(name="password.session", max_count=5, window=_DAY)
"""Wrong current passwords in one session. At the limit, the session ends, but the account is not locked (SEC-19)."""
PASSWORD_PROOFS = Limit(name="password.proofs", max_count=20, window=timedelta(hours=1))
"""Correct current passwords of a logged-in account; each costs at least one hash (SEC-19)."""
PROFILE_CHANGES = Limit(name="profile.changes", max_count=20, window=_DAY)
"""Changes of one account's profile (SEC-19). Each change is an event that every consumer receives."""
SWITCHES = Limit(name="session.switches", max_count=300, window=timedelta(hours=1))
"""Switches in one session; each writes an audit entry. A stolen session cannot use up its owner's limit (SEC-19)."""

RESEND_GAP = Limit(name="mail.gap", max_count=1, window=timedelta(seconds=60))
RESEND_DAY = Limit(name="mail.day", max_count=10, window=_DAY)
MAILBOX_HOUR = Limit(name="mailbox.hour", max_count=10, window=timedelta(hours=1))
MAILBOX_DAY = Limit(name="mailbox.day", max_count=40, window=_DAY)

RESETS_BY_CLIENT_ADDRESS = Limit(name="reset.address", max_count=60, window=timedelta(hours=1))
"""Requests for password resets or usernames from one address. Further requests are ignored (LOGIN-8, LOGIN-9).

Password resets from known browsers are not counted.
"""
NAMES_BY_CLIENT_ADDRESS = Limit(name="name.address", max_count=300, window=timedelta(hours=1))
"""Usernames checked from one address while a form is filled in. Above the limit, only submission checks them."""

CLIENT_FAILURES = Limit(name="client.name", max_count=60, window=_QUARTER)
"""Failed authentications of one client from one address (OIDC-18). The correct secret is still accepted."""

AUTHORIZATIONS_BY_CLIENT_ADDRESS = Limit(
    name="authorization.address", max_count=600, window=timedelta(hours=1)
)
"""Authorization requests from one address that are stored because they require interaction (OIDC-4)."""

GRANTS_BY_PERSON = Limit(name="grant.person", max_count=300, window=timedelta(hours=1))
"""Grants of one person, even by silent login. The row of each is kept for weeks."""

REPEATS_RECORDED = Limit(name="audit.refusal", max_count=1, window=timedelta(minutes=1))
"""Audit entries of repeated reads, and of refusals that cost a client nothing, as for a locked account (SEC-11)."""


_SITE_FACTOR = 10
"""A /48 network can contain thousands of mobile subscribers with a /64 each, so its limit is higher."""


def counters_by_network(limit: Limit, networks: Sequence[str]) -> list[Counter]:
    """Return the counters of a client's networks: the address or /64, then the /48 with a higher limit (SEC-3)."""
    site = replace(limit, name=f"{limit.name}.site", max_count=limit.max_count * _SITE_FACTOR)
    return [each.counter(network) for each, network in zip((limit, site), networks, strict=False)]


def login_failures_by_client_address(max_count: int) -> Limit:
    """Return the limit on failed logins from one address, which many users of a company may share."""
    return Limit(name="login.address", max_count=max_count, window=_QUARTER)


def registrations_by_client_address(max_count: int) -> Limit:
    """Return the hourly limit on registrations from one address."""
    return Limit(name="registration.address", max_count=max_count, window=timedelta(hours=1))
