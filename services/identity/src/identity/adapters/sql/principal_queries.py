"""Looks up who makes a request, and the state of a verification mail, outside a unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, case, func, literal_column, or_, select, true, update
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql import mapping  # noqa: F401  # maps the classes that sessions load
from identity.adapters.sql.accounts import BY_USERNAME
from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.registration_rejections import BY_SESSION, read_rejection
from identity.adapters.sql.registration_rejections import BY_USERNAME as REJECTED_BY_USERNAME
from identity.adapters.sql.tables import accounts, clients, consents, outbox, sessions
from identity.domain.account import Account, has_lapsed
from identity.domain.credential import Credential
from identity.domain.registration_rejection import REJECTION_LIFETIME, Rejection
from identity.domain.service_client import ServiceClient
from identity.domain.session import SEEN_EVERY, AccountSummary, Lifetimes, Principal
from identity.usecases.ports.principal_queries import MailState, PrincipalQueries

_row = accounts.c
# Literals, not parameters: every request uses them, and parameters would be converted and sent each time.
STATUS = case(
    (_row.closed_at.is_not(None), literal_column("'closed'")),
    (_row.suspended_at.is_not(None), literal_column("'suspended'")),
    (_row.email_verified_at.is_(None), literal_column("'email_unverified'")),
    (_row.review == literal_column("'pending'"), literal_column("'awaiting_review'")),
    else_=literal_column("'active'"),
)
_SUMMARY = (
    _row.id, _row.kind, _row.username, _row.name, _row.tax_id, _row.company_name,
    STATUS,
)  # fmt: skip
_ACTOR = FixedStatement(select(*_SUMMARY).where(_row.id == bindparam("actor")))
_PRINCIPAL = FixedStatement(
    select(
        *_SUMMARY,
        sessions.c.id,
        sessions.c.holder_id,
        sessions.c.binding_id,
        sessions.c.consents,
        sessions.c.seen_at,
        sessions.c.expires_at,
        _row.created_at,
        _row.email_verified_at,
    )
    .join_from(sessions, accounts, _row.id == sessions.c.account_id)
    .where(sessions.c.token_digest == bindparam("digest"))
)
_DOCUMENT_AND_VERSION = consents.c.document + literal_column("'='", String) + consents.c.version
_ACCEPTED = select(
    func.aggregate_strings(_DOCUMENT_AND_VERSION, literal_column("'\n'"))  # type: ignore[arg-type]  # any expression
).where(consents.c.account_id == _row.id)
_ONE_ROW = select(literal_column("1").label("one")).subquery()
_REJECTION = REJECTED_BY_USERNAME.subquery()
_CREDENTIAL = FixedStatement(
    select(
        *_SUMMARY,
        _row.password_hash,
        _row.credential_version,
        _row.created_at,
        _row.email_verified_at,
        _ACCEPTED.scalar_subquery(),
        *_REJECTION.c,
    )
    .select_from(_ONE_ROW)
    .outerjoin(accounts, _row.username_key == bindparam("key"))
    .outerjoin(_REJECTION, true())
)
_SEEN = FixedStatement(
    update(sessions).where(sessions.c.id == bindparam("session")).values(seen_at=bindparam("now"))
)
_VERIFICATION_MAIL = FixedStatement(
    select(outbox.c.mail_state, outbox.c.mail_at, outbox.c.created_at, outbox.c.mail_category)
    .where(
        outbox.c.subject == bindparam("account"),
        outbox.c.type.in_(
            literal_column(f"'tw.port.identity.{name}'")
            for name in ("verification.requested", "registration.conflicted")
        ),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


class SqlPrincipalQueries(EngineAdapter, PrincipalQueries):
    """Needs an autocommit engine: each statement is its own transaction."""

    @override
    def principal(
        self, token_digest: str, *, consents: str, lifetimes: Lifetimes, now: datetime
    ) -> Principal | None:
        with self._engine.connect() as connection:
            row = _PRINCIPAL.row(connection, {"digest": token_digest})
            if row is None:
                return None
            (
                session_id, holder_id, binding_id, accepted, seen_at, expires_at, opened_at, verified_at,
            ) = row[len(_SUMMARY) :]  # fmt: skip
            account = actor = AccountSummary(*row[: len(_SUMMARY)])
            # Only `account` can have lapsed: an account that acts as another has a verified mailbox.
            if now >= min(expires_at, seen_at + lifetimes.idle) or has_lapsed(verified_at, opened_at, now):
                return None
            if now >= seen_at + SEEN_EVERY:  # limits the writes to about one a minute
                _SEEN.run(connection, {"session": session_id, "now": now})
                seen_at = now
            if holder_id != account.id:
                (holder,) = _ACTOR.rows(connection, {"actor": holder_id})
                actor = AccountSummary(*holder)
        if {account.status, actor.status} & {"suspended", "closed"}:
            return None
        return Principal(
            session_id=session_id,
            token_digest=token_digest,
            account=account,
            actor=actor,
            binding_id=binding_id,
            consented=accepted == consents,
            expires_at=min(expires_at, seen_at + lifetimes.idle),
        )

    @override
    def account(self, account_id: str) -> Account | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(Account, account_id)

    @override
    def by_username(self, key: str) -> Account | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.scalars(BY_USERNAME, {"key": key}).one_or_none()

    @override
    def credential(self, key: str, now: datetime) -> tuple[Credential | None, Rejection | None]:
        with self._engine.connect() as connection:
            values = {"key": key, "since": now - REJECTION_LIFETIME}
            (row,) = _CREDENTIAL.rows(connection, values)
        credential, rejection = row[: -len(_REJECTION.c)], row[-len(_REJECTION.c) :]
        return _credential(credential), read_rejection(rejection) if rejection[0] is not None else None

    @override
    def rejection_of_session(self, token_digest: str, now: datetime) -> Rejection | None:
        with self._engine.connect() as connection:
            values = {"digest": token_digest, "now": now, "since": now - REJECTION_LIFETIME}
            row = BY_SESSION.row(connection, values)
        return read_rejection(row) if row is not None else None

    @override
    def service_client(self, digest: str) -> ServiceClient | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.scalars(_BY_DIGEST, {"digest": digest}).one_or_none()

    @override
    def verification_mail(self, account_id: str) -> MailState | None:
        with self._engine.connect() as connection:
            row = _VERIFICATION_MAIL.row(connection, {"account": account_id})
        if row is None:
            return None
        mail_state, mail_at, created_at, mail_category = row
        state, category = _MAIL_STATES.get(mail_state, (mail_state, mail_category))
        return MailState(state, mail_at or created_at, category)


def _credential(row: Sequence[Any]) -> Credential | None:
    if row[0] is None:
        return None
    password_hash, version, opened_at, verified_at, accepted = row[len(_SUMMARY) :]
    return Credential(
        summary=AccountSummary(*row[: len(_SUMMARY)]),
        password_hash=password_hash,
        credential_version=version,
        opened_at=opened_at,
        verified_at=verified_at,
        accepted=frozenset(_document_and_version(text) for text in (accepted or "").splitlines()),
    )


def _document_and_version(text: str) -> tuple[str, str]:
    document, _, version = text.partition("=")
    return document, version


_MAIL_STATES = {None: ("refused", "mailbox_limit"), "expired": ("refused", "expired")}
"""The API returns waiting, sent or refused (VER-6). The state is None if the mailbox's limit suppressed the mail."""

_BY_DIGEST = select(ServiceClient).where(
    or_(clients.c.digest == bindparam("digest"), clients.c.former_digest == bindparam("digest"))
)
