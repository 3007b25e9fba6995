"""Sessions: the account that is logged in, the account that it acts as, and its rights (LOGIN, SW)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from identity.domain import post_login_steps
from identity.domain.account import Kind, Status
from identity.domain.errors import ForbiddenWhileSwitched

PASS_RIGHTS = ("pass:apply", "pass:query", "pass:print")
"""The rights of a general account in the pass system; a link account has none (SW-2)."""

DEVICE_LIFETIME = timedelta(days=180)
"""Validity of a device cookie, by which an account recognizes a browser (SEC-3)."""

MAX_SESSIONS = 20
"""Maximum number of open sessions of an account; a further login ends the oldest (SEC-19)."""

SEEN_EVERY = timedelta(minutes=1)
"""`seen_at` is written at most once in this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a session lasts after its last use, and in all (SEC-7)."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """The origin of a request; `devices` are the browser's device cookies by name, not yet verified."""

    address: str
    user_agent: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks for rate limits: the /64 and the /48 of an IPv6 address, or any other address itself (SEC-3)."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return (self.address,)
        if address.version == 4:  # noqa: PLR2004 - version 4
            return (str(address),)
        return tuple(str(ip_network((address, length), strict=False)) for length in (64, 48))


@dataclass(frozen=True, slots=True)
class Device:
    """A signed cookie by which an account recognizes a browser; a browser has one cookie per account (SEC-3)."""

    name: str
    cookie: str = field(repr=False)


def device_name(account_id: str) -> str:
    return account_id[:8]


@dataclass(eq=False, kw_only=True)
class Session:
    """A session. The account `holder_id` logged in and acts as `account_id`, through `binding_id` if switched.

    `consents` is the digest of the consent texts that the holder has accepted. `expires_at` is the absolute limit.
    """

    id: str
    token_digest: str
    holder_id: str
    account_id: str
    binding_id: str | None = None
    consents: str = ""
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str

    def ends_at(self, lifetimes: Lifetimes) -> datetime:
        """Return when the session ends: after its idle or its absolute lifetime, whichever ends first."""
        return min(self.expires_at, self.seen_at + lifetimes.idle)


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """The data of an account that pages, sessions and tokens show."""

    id: str
    kind: Kind
    username: str
    name: str
    tax_id: str
    company_name: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The authenticated caller of a request: the `account` that it acts as, and the `actor` that logged in."""

    session_id: str
    token_digest: str
    account: AccountSummary
    actor: AccountSummary
    binding_id: str | None
    consented: bool
    expires_at: datetime

    @property
    def switched(self) -> bool:
        """Whether a link account acts as a general account."""
        return self.binding_id is not None

    def require_not_switched(self) -> None:
        """Raise ForbiddenWhileSwitched in a switched session (SW-4)."""
        if self.switched:
            raise ForbiddenWhileSwitched

    @property
    def next_step(self) -> post_login_steps.Step | None:
        """The step that the person must complete first, or None."""
        return post_login_steps.next_step(self.actor.status, consented=self.consented)

    @property
    def rights(self) -> tuple[str, ...]:
        """The rights in the pass system; none while a step remains (SW-1, SW-2)."""
        return PASS_RIGHTS if self.account.kind == "general" and self.next_step is None else ()
