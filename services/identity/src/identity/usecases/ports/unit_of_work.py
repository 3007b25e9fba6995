"""The ports of the use cases, and the transactions that they open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from port_events import catalogue
from port_events.envelope import SOURCE, Event
from port_runtime import tracing

from identity.domain.audit import Caller, Entry
from identity.usecases.ports.mail_sealing import Sealer, sealed_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from identity.domain import consent_texts
    from identity.domain.account import Account, Kind
    from identity.domain.errors import RetryLater
    from identity.domain.mail import MailRequest
    from identity.domain.password_policy import PasswordPolicy
    from identity.domain.rate_limits import Counter, Limit
    from identity.domain.session import Lifetimes
    from identity.usecases.ports.accounts import Accounts
    from identity.usecases.ports.audit import AuditHistory, AuditLog
    from identity.usecases.ports.authorization_code_redemption import CodeRedemption
    from identity.usecases.ports.backchannel_logouts import Logouts
    from identity.usecases.ports.bind_codes import BindCodes
    from identity.usecases.ports.bindings import Bindings
    from identity.usecases.ports.client_consents import ClientConsents
    from identity.usecases.ports.clock import Clock
    from identity.usecases.ports.consents import Consents
    from identity.usecases.ports.counters import Counters
    from identity.usecases.ports.feed import Feed
    from identity.usecases.ports.grants import Grants
    from identity.usecases.ports.jose import ProofVerifier, TokenSigner
    from identity.usecases.ports.link_and_cookie_tokens import Tokens
    from identity.usecases.ports.mail_links import MailLinks
    from identity.usecases.ports.meters import LoginCounter, OAuthMeter
    from identity.usecases.ports.oidc_clients import OidcClients
    from identity.usecases.ports.outbox import Outbox
    from identity.usecases.ports.passwords import Passwords
    from identity.usecases.ports.pending_authorization_requests import PendingRequests
    from identity.usecases.ports.principal_queries import PrincipalQueries
    from identity.usecases.ports.randomness import Randomness
    from identity.usecases.ports.refresh_tokens import RefreshTokens
    from identity.usecases.ports.registration_rejections import Rejections
    from identity.usecases.ports.seen_proofs import SeenProofs
    from identity.usecases.ports.service_clients import Clients
    from identity.usecases.ports.service_logins import ServiceLogins
    from identity.usecases.ports.session_creation import SessionCreation
    from identity.usecases.ports.sessions import Sessions
    from identity.usecases.ports.token_queries import TokenQueries

_AUDITED_FIELDS = frozenset({"binding_id", "fields", "kind", "link_account_id", "reason"})
"""The audit log stores only these event fields, because it outlives usernames and tax ids (OPS-6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    public_url: str
    https_only: bool
    reviewed_kinds: frozenset[Kind]
    tax_id_checksum: bool
    passwords: PasswordPolicy
    consents: consent_texts.Texts
    sessions: Lifetimes
    access_token_lifetime: timedelta
    jwt_lifetime: timedelta
    feed_retention: timedelta
    login_failures_by_client_address: Limit
    registrations_by_client_address: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """`counters`, `audit` and `seen_proofs` commit each call, so that refused requests count too.

    `session_creation` and `code_redemption` also commit each call. `caller` returns who calls the use case.
    """

    transaction: Callable[[Ports], UnitOfWork]
    queries: PrincipalQueries
    token_queries: TokenQueries
    code_redemption: CodeRedemption
    feed: Feed
    counters: Counters
    audit: AuditLog
    session_creation: SessionCreation
    caller: Callable[[], Caller]
    clock: Clock
    randomness: Randomness
    passwords: Passwords
    tokens: Tokens
    signer: TokenSigner
    proofs: ProofVerifier
    seen_proofs: SeenProofs
    sealer: Sealer
    meter: LoginCounter
    oauth_meter: OAuthMeter
    rules: Rules

    def unit_of_work(self) -> UnitOfWork:
        """Return a new transaction, to be used as a context manager."""
        return self.transaction(self)

    def by(self, caller: Caller) -> Ports:
        """Return a copy of the ports for another caller, such as an operator."""
        return replace(self, caller=lambda: caller)


class Transaction(ABC):
    """A transaction, rolled back unless committed, with the repositories that `identity notify` needs."""

    grants: Grants
    logouts: Logouts
    audit: AuditLog

    def __init__(self, *, clock: Clock, caller: Callable[[], Caller]) -> None:
        self.clock = clock
        self._caller = caller

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None: ...

    @abstractmethod
    def commit(self) -> None:
        """Commit the changes with their events and audit entries."""

    def record_action(self, action: str, account_id: str | None, **detail: Any) -> None:
        """Write an entry into the audit log in this transaction (SEC-11)."""
        self.audit.add(Entry.of(action, account_id, detail, caller=self._caller(), at=self.clock.now()))


class UnitOfWork(Transaction):
    """The transaction of the use cases, except those of `identity notify`.

    Leaving it raises Conflict if the unique index of usernames, mailboxes or live bindings refused a change.
    """

    accounts: Accounts
    bindings: Bindings
    rejections: Rejections
    codes: BindCodes
    links: MailLinks
    sessions: Sessions
    clients: Clients
    oidc_clients: OidcClients
    refresh_tokens: RefreshTokens
    pending_requests: PendingRequests
    client_consents: ClientConsents
    service_logins: ServiceLogins
    consents: Consents
    counters: Counters
    outbox: Outbox
    history: AuditHistory

    def __init__(self, ports: Ports) -> None:
        super().__init__(clock=ports.clock, caller=ports.caller)
        self.randomness = ports.randomness
        self.tokens = ports.tokens
        self.signer = ports.signer
        self.rules = ports.rules
        self._sealer = ports.sealer

    @abstractmethod
    def flush(self) -> None:
        """Send pending changes to the database, so that later statements see them and unique indexes check them now."""

    @abstractmethod
    def savepoint(self, *, keep: bool) -> AbstractContextManager[None]:
        """Run a block in a savepoint; unless `keep`, undo its changes. Both cases take about the same time."""

    def count(self, counters: Sequence[Counter], refusal: type[RetryLater]) -> None:
        """Count against limits. Raises `refusal` with the longest wait if one of them is exceeded.

        The counts belong to the transaction: if the refusal rolls it back, the counts are undone.
        """
        now = self.clock.now()
        states = self.counters.increment(counters, now)
        waits = [state.wait_seconds(now) for state in states if state.exceeded]
        if waits:
            raise refusal(max(waits))

    def record_event(
        self, account: Account, data: catalogue.EventData, *, mail: MailRequest | None = None
    ) -> None:
        """Write an event of the account into the outbox, with its mail if there is one, and an audit entry.

        Increments the account's `sequence`. The account's row must be new or locked, so that its events are numbered in
        order (EVT-2).
        """
        event_type = catalogue.event_type_of(data)
        account.sequence += 1
        event = Event(
            id=self.randomness.identifier(),
            type=event_type.type,
            source=SOURCE,
            subject=account.id,
            time=self.clock.now(),
            sequence=account.sequence,
            dataschema=event_type.dataschema,
            data=data.as_json(),
            traceparent=tracing.traceparent(),
        )
        self.outbox.add(
            event,
            sealed=sealed_mail(self._sealer, event, mail) if mail else None,
            mail_expires_at=mail.expires_at if mail else None,
        )
        detail = {name: value for name, value in event.data.items() if name in _AUDITED_FIELDS}
        self.record_action(event_type.short, account.id, **detail)
