"""What the use cases keep: one repository a noun, as Protocols; `adapters/sql/` provides them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain import consent
from identity.domain.account import Account, Kind, Status
from identity.domain.audit import Entry
from identity.domain.binding import Binding
from identity.domain.code import BindCode
from identity.domain.link import Challenge, Purpose
from identity.domain.rate_limits import CounterState, Limit
from identity.domain.service_client import ServiceClient
from identity.domain.session import Principal, Session


class Clients(Protocol):
    """The service clients."""

    def add(self, client: ServiceClient) -> None:
        """Add a new client."""

    def locked(self, name: str) -> ServiceClient | None:
        """Return a client as it is now, its row held until the transaction ends."""

    def every(self) -> Sequence[ServiceClient]:
        """Return all, by name."""


class Accounts(Protocol):
    """The accounts. `locked` reads hold the row until the transaction ends."""

    def add(self, account: Account) -> None:
        """Add a new account."""

    def get(self, account_id: str) -> Account | None:
        """Return an account, open or closed."""

    def locked(self, account_id: str) -> Account | None:
        """Return an account as it is now, its row held until the transaction ends."""

    def shared(self, account_id: str) -> Account | None:
        """Return an account as it is now; nobody changes it until the transaction ends, many may hold it so."""

    def by_username(self, key: str) -> Account | None:
        """Return the open account of that name."""

    def by_mailbox(self, key: str) -> Account | None:
        """Return the verified account that holds the mailbox."""

    def find(self, criteria: "AccountFilter") -> Sequence[Account]:
        """Return accounts, oldest first."""

    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        """Look at so many accounts by id; return the ids of active ones that nobody has used since, and the last id.

        The audit log tells who used what. None for the last id where there was none to look at.
        """

    def is_idle(self, account_id: str, since: datetime) -> bool:
        """Tell of one account whether it is such."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of open accounts made before and never verified."""


class Bindings(Protocol):
    """The bindings."""

    def add(self, binding: Binding) -> None:
        """Add a new binding."""

    def locked(self, binding_id: str) -> Binding | None:
        """Return a binding as it is now, its row held until the transaction ends."""

    def live_of_general(self, account_id: str) -> Binding | None:
        """Return the one live binding of a general account (BIND-4)."""

    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        """Return the live bindings of a link account."""

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""

    def shown_to_link(self, account_id: str) -> "Sequence[tuple[Binding, Account, BindCode | None]]":
        """Return live bindings and those ended by the other side and not dismissed, oldest first."""

    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        """Dismiss ended bindings that a new one of the same accounts takes the place of."""

    def of_account(self, account_id: str) -> "Sequence[BindingWithAccounts]":
        """Return an account's bindings, whichever side it is on, newest first."""

    def dismiss_of(self, account_id: str) -> None:
        """Dismiss every ended binding of an account: nobody is shown it any more."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of bindings asked for before and never verified."""


class Codes(Protocol):
    """The bind codes, one a binding."""

    def put(self, code: BindCode) -> None:
        """Put a new code in the place of the older one."""

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code as it is now."""

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count a try in one atomic statement; return the count, or None where none was left."""

    def drop(self, binding_id: str) -> None:
        """Void a binding's code."""


class Links(Protocol):
    """The challenges behind mailed links, one an account and purpose."""

    def put(self, challenge: Challenge) -> None:
        """Put a new challenge in the place of the older one."""

    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        """Return the newest challenge as it is now."""

    def use(self, challenge: Challenge, now: datetime) -> None:
        """Note that the link was followed."""

    def drop(self, account_id: str, *purposes: Purpose) -> None:
        """Void the links of these purposes."""

    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of accounts with a pending mailbox whose link was mailed before, the oldest first."""


class Sessions(Protocol):
    """The open sessions; an ended one is gone."""

    def open(self, session: Session, *, credential_version: int) -> bool:
        """Add a session; False unless its holder is open, not suspended, and of that password still."""

    def get(self, session_id: str) -> Session | None:
        """Return an open session."""

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return what an account holds and what acts as it, newest first."""

    def of_holder(self, account_id: str) -> Sequence[Session]:
        """Return what an account holds, newest first."""

    def reissue(
        self, principal: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        """Give the session a new token and persona; False where it has ended or turned meanwhile."""

    def consent(self, session_id: str, digest: str) -> None:
        """Note that its holder accepted the texts in force."""

    def end(self, session_id: str) -> None:
        """End one."""

    def end_of_holder(self, account_id: str, *, session_id: str) -> bool:
        """End one that the account holds; False where it holds no such."""

    def end_others(self, account_id: str, *, except_id: str) -> int:
        """End all that the account holds but one."""

    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        """End what the account holds and what acts as it, but for one session; return how many."""

    def end_of_binding(self, binding_id: str) -> None:
        """End every session that acts by the binding (SW-5)."""


class Consents(Protocol):
    """What was accepted, when, from where (LOGIN-3)."""

    def of_account(self, account_id: str) -> "Sequence[ConsentRecord]":
        """Return what an account accepted, oldest first."""

    def forget_addresses(self, account_id: str) -> None:
        """Keep that and when the texts were accepted, not from where (OPS-6)."""

    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
        """Keep each text's version, with when and from where."""


class Counters(Protocol):
    """Counts of what may not happen too often."""

    def increment(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Count each once more, atomically, and return the counts."""

    def increment_within(
        self, own: tuple[Limit, str], shared: tuple[Limit, str], now: datetime
    ) -> tuple[CounterState | None, CounterState]:
        """Count both once more, atomically; where the shared one is full that alone, and there is no own count."""

    def peek(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Return the counts as they are, in the order given; one never counted stands at nothing."""

    def decrement(self, keys: Sequence[str]) -> None:
        """Take one off each."""

    def clear(self, keys: Sequence[str]) -> None:
        """Begin anew."""

    def clear_prefix(self, prefix: str) -> None:
        """Begin anew what begins so."""

    def clear_failures(self, key: str, *, shared: str) -> None:
        """Begin the first anew, and take one off the other, which others count on too."""


class Outbox(Protocol):
    """Facts and mail requests, to be published if and only if their change is committed (EVT-2)."""

    def add(self, entry: "OutboxEntry") -> None:
        """Write an event beside its change."""


class AuditLog(Protocol):
    """What was done and by whom (SEC-11)."""

    def add(self, entry: Entry) -> None:
        """Write a row: of a unit of work beside its change, of its own by itself."""


class History(Protocol):
    """What became of accounts, as it was written down."""

    def find(self, criteria: "AuditFilter", *, account_id: str | None) -> "Sequence[AuditRecord]":
        """Return rows of the audit log, newest first."""

    def mails(self, account_id: str) -> "Sequence[MailRecord]":
        """Return the mails of an account, oldest first, as long as their events are kept."""

    def begins_at(self) -> datetime | None:
        """Return the time of the oldest row of the audit log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts: each that is given must fit. Names of people and companies by any part of them."""

    name: str | None = None
    mailbox: str | None = None
    tax_id: str | None = None
    company: str | None = None
    status: Status | None = None
    kind: Kind | None = None
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class BindingWithAccounts:
    """A binding with both its accounts."""

    binding: Binding
    link: Account
    general: Account


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A text that was accepted."""

    document: str
    version: str
    accepted_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail and what became of it."""

    type: str
    asked_at: datetime
    state: str | None
    at: datetime | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows of the audit log: each that is given must fit. `before` is a row's id."""

    account: str | None = None
    operator: str | None = None
    action: str | None = None
    since: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A row of the audit log; `sealed` tells whether it has joined the chain."""

    id: int
    entry: Entry
    sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One event as it will stand in the stream; `ce` is its JSON."""

    event_id: str
    type: str
    subject: str
    ce: str
    created_at: datetime
    sealed: str | None = None
    mail_expires_at: datetime | None = None
