"""What the use cases need from outside, as Protocols; `adapters/` and the tests provide them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, Self

from port_events.sealing import MailPayload

from identity.domain import consent
from identity.domain.account import Account, Kind
from identity.domain.audit import Caller
from identity.domain.credential import Credential
from identity.domain.link import Purpose
from identity.domain.password import PasswordPolicy
from identity.domain.rate_limits import Limit
from identity.domain.service_client import ServiceClient
from identity.domain.session import DeviceOwner, Lifetimes, Principal
from identity.usecases.facts import Feed
from identity.usecases.repositories import (
    Accounts,
    AuditLog,
    Bindings,
    Clients,
    Codes,
    Consents,
    Counters,
    History,
    Links,
    Outbox,
    Sessions,
)


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""


class Randomness(Protocol):
    """What nobody can guess."""

    def identifier(self) -> str:
        """Return a new UUID."""

    def token(self) -> str:
        """Return 256 bits, URL-safe."""

    def digits(self, count: int) -> str:
        """Return evenly distributed decimal digits."""


class Passwords(Protocol):
    """Password hashing, a bounded number at once (SEC-1). Each call may raise Busy."""

    def hash(self, password: str) -> str:
        """Return a new hash with its parameters."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Compare; with no hash the same work is done and the answer is no (LOGIN-1)."""

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""


class Tokens(Protocol):
    """Signatures and keyed digests (SEC-4, SEC-5, SEC-7)."""

    def link(self, purpose: Purpose, account_id: str, challenge: str) -> str:
        """Return the signed token of a mailed link."""

    def read_link(self, purpose: Purpose, token: str) -> tuple[str, str]:
        """Return account id and challenge. Raises LinkInvalid, LinkExpired."""

    def session_digest(self, token: str) -> str:
        """Return what is kept of a session's token."""

    def code_digest(self, challenge: str, code: str) -> str:
        """Return what is kept of a bind code."""

    def code_digests(self, challenge: str, code: str) -> Sequence[str]:
        """Return what may have been kept of it, by each key that is still in use."""

    def device(self, account: DeviceOwner) -> str:
        """Return a device cookie for a browser that has logged in to the account."""

    def device_key(self, cookie: str | None, account: DeviceOwner) -> str | None:
        """Return the device's own counter key, or None where the cookie is not of this account and version."""


class Meter(Protocol):
    """What is counted of the use cases (OPS-4)."""

    def login(self, outcome: str) -> None:
        """Count a login: opened, bad_credentials, locked, suspended or busy."""


class Sealer(Protocol):
    """Signs and seals what only the mailer may read (SEC-9)."""

    def seal(self, payload: MailPayload) -> str:
        """Return the payload, sealed for the mailer."""


class UnitOfWork(Protocol):
    """One transaction: rolled back unless committed. Leaving it raises Conflict where a unique index refused."""

    @property
    def accounts(self) -> Accounts:
        """The accounts."""

    @property
    def bindings(self) -> Bindings:
        """The bindings."""

    @property
    def codes(self) -> Codes:
        """The bind codes."""

    @property
    def links(self) -> Links:
        """The challenges behind mailed links."""

    @property
    def sessions(self) -> Sessions:
        """The open sessions."""

    @property
    def clients(self) -> Clients:
        """The service clients."""

    @property
    def consents(self) -> Consents:
        """What was accepted."""

    @property
    def counters(self) -> Counters:
        """Counts that end with the transaction."""

    @property
    def outbox(self) -> Outbox:
        """The events of this transaction."""

    @property
    def audit(self) -> AuditLog:
        """Who did what, beside the change itself (SEC-11)."""

    @property
    def history(self) -> History:
        """What was written down before."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None: ...
    def flush(self) -> None:
        """Write what changed so far."""

    def savepoint(self, *, keep: bool) -> AbstractContextManager[None]:
        """Write what changes within, events too; unless it is `kept` take it back, by as much uow."""

    def commit(self) -> None:
        """Make the changes and their events true."""


class Queries(Protocol):
    """What is asked in nearly every request, in one statement and without a transaction."""

    def principal(
        self, token_digest: str, *, consents: str, lifetimes: Lifetimes, now: datetime
    ) -> Principal | None:
        """Return what a token stands for, and note that it was seen."""

    def account(self, account_id: str) -> Account | None:
        """Return an account as it is."""

    def by_username(self, key: str) -> Account | None:
        """Return the open account of that name."""

    def credential(self, key: str) -> Credential | None:
        """Return what proves to be the open account of that name."""

    def service_client(self, digest: str) -> ServiceClient | None:
        """Return the client that has, or had, the secret of this digest (SEC-12)."""

    def verification_mail(self, account_id: str) -> "MailState | None":
        """Return what became of the newest verification mail (VER-6)."""


@dataclass(frozen=True, slots=True)
class MailState:
    """`state` is waiting, sent or refused; `category` says of a refusal why, in one plain word, e.g. `expired`."""

    state: str
    at: datetime | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator of this installation chose."""

    public_url: str
    reviewed_kinds: frozenset[Kind]
    tax_id_checksum: bool
    passwords: PasswordPolicy
    consents: consent.Texts
    sessions: Lifetimes
    feed_retention: timedelta
    login_failures_by_address: Limit
    registrations_by_address: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything from outside, in one hand.

    `counters` and `audit` commit by themselves: a refused login is counted and written down too. `caller` tells who
    asks at this moment.
    """

    unit_of_work: Callable[[], UnitOfWork]
    queries: Queries
    feed: Feed
    counters: Counters
    audit: AuditLog
    caller: Callable[[], Caller]
    clock: Clock
    randomness: Randomness
    passwords: Passwords
    tokens: Tokens
    sealer: Sealer
    meter: Meter
    rules: Rules

    def by(self, caller: Caller) -> "Ports":
        """Return the same ports in another's hand: an operator's, who says why, or a process' of ours."""
        return replace(self, caller=lambda: caller)


NOTICE_LIFETIME = timedelta(days=7)
"""How long a mere notice is worth sending."""
