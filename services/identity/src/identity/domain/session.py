"""A session: who is logged in, as whom it acts, what it may do (LOGIN, SW)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Literal, Protocol

from identity.domain.account import Kind, Status

Step = Literal["verify_email", "await_review", "consent"]
PASS_RIGHTS = ("pass:apply", "pass:query", "pass:print")
"""What a general account may do in the pass system; a link account's own session has none (SW-2)."""

DEVICE_LIFETIME = timedelta(days=180)
"""SEC-3: how long a browser stays known."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly `last seen` is kept: a write a minute, not one a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a session lasts: without use, and in all (SEC-7)."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Where a request comes from; `devices` are the browser's signed cookies by name, not yet believed."""

    address: str
    user_agent: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """Whom limits by address count: an IPv4 address, or the /64 that one IPv6 customer has at least."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return self.address
        return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))  # noqa: PLR2004 - version 4


@dataclass(frozen=True, slots=True)
class Device:
    """A signed cookie that makes a browser known to one account; a browser has one for each account (SEC-3)."""

    name: str
    cookie: str = field(repr=False)


class DeviceOwner(Protocol):
    """To whom a browser is known: an account, or its credential."""

    @property
    def id(self) -> str:
        """The account's identifier."""

    @property
    def credential_version(self) -> int:
        """Counts the account's passwords; what an older one made known is void (SEC-3)."""


def device_name(account: DeviceOwner) -> str:
    """Return the name under which a browser keeps what makes it known to the account."""
    return account.id[:8]


@dataclass(eq=False, kw_only=True)
class Session:
    """An open session. `holder_id` logged in; `account_id` is whom it acts as, by `binding_id` when switched."""

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
        """Return the earlier of the idle and the absolute limit."""
        return min(self.expires_at, self.seen_at + lifetimes.idle)


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """As much of an account as a session shows of it."""

    id: str
    kind: Kind
    username: str
    name: str
    tax_id: str
    company_name: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """What a token stands for at this moment."""

    session_id: str
    token_digest: str
    account: AccountSummary
    actor: AccountSummary
    binding_id: str | None
    consented: bool
    expires_at: datetime

    @property
    def switched(self) -> bool:
        """A link account's session that acts as a general account."""
        return self.binding_id is not None

    @property
    def next_step(self) -> Step | None:
        """The first open one of: verify the email, await review, consent."""
        if self.actor.status == "email_unverified":
            return "verify_email"
        if self.actor.status == "awaiting_review":
            return "await_review"
        return None if self.consented else "consent"

    @property
    def rights(self) -> tuple[str, ...]:
        """SW-1, SW-2."""
        return PASS_RIGHTS if self.account.kind == "general" and self.next_step is None else ()
