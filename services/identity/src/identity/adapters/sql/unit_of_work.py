"""The transaction of a use case, rolled back unless it is committed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Self

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql import mapping  # noqa: F401  # maps the classes that sessions load
from identity.adapters.sql.accounts import SqlAccounts
from identity.adapters.sql.audit_log import SqlAuditLog
from identity.adapters.sql.audit_search import SqlAuditHistory
from identity.adapters.sql.backchannel_logouts import SqlLogouts
from identity.adapters.sql.bind_codes import SqlBindCodes
from identity.adapters.sql.bindings import SqlBindings
from identity.adapters.sql.client_consents import SqlClientConsents
from identity.adapters.sql.consents import SqlConsents
from identity.adapters.sql.counters import SqlCounters
from identity.adapters.sql.grants import SqlGrants
from identity.adapters.sql.mail_links import SqlMailLinks
from identity.adapters.sql.oidc_clients import SqlOidcClients
from identity.adapters.sql.outbox import SqlOutbox
from identity.adapters.sql.pending_authorization_requests import SqlPendingRequests
from identity.adapters.sql.refresh_tokens import SqlRefreshTokens
from identity.adapters.sql.registration_rejections import SqlRejections
from identity.adapters.sql.service_clients import SqlClients
from identity.adapters.sql.service_logins import SqlServiceLogins
from identity.adapters.sql.sessions import SqlSessions
from identity.domain.errors import Conflict
from identity.usecases.ports import Ports, UnitOfWork


class SqlUnitOfWork(UnitOfWork):
    """A transaction over one session.

    `sessions` must create sessions with `autoflush` off, and with `expire_on_commit` off, because use cases return the
    objects they loaded.
    """

    links: SqlMailLinks
    outbox: SqlOutbox
    audit: SqlAuditLog

    def __init__(self, ports: Ports, sessions: Callable[[], Session]) -> None:
        super().__init__(ports)
        self._sessions = sessions

    def __enter__(self) -> Self:
        session = self._session = self._sessions()
        self.accounts = SqlAccounts(session)
        self.bindings = SqlBindings(session)
        self.clients = SqlClients(session)
        self.oidc_clients = SqlOidcClients(session)
        self.pending_requests = SqlPendingRequests(session)
        self.client_consents = SqlClientConsents(session)
        self.grants = SqlGrants(session)
        self.refresh_tokens = SqlRefreshTokens(session)
        self.logouts = SqlLogouts(session)
        self.service_logins = SqlServiceLogins(session)
        self.codes = SqlBindCodes(session)
        self.rejections = SqlRejections(session)
        self.links = SqlMailLinks(session)
        self.sessions = SqlSessions(session)
        self.consents = SqlConsents(session)
        self.counters = SqlCounters(lambda: nullcontext(session.connection()), self.tokens)
        self.outbox = SqlOutbox(session)
        self.audit = SqlAuditLog(session)
        self.history = SqlAuditHistory(session)
        return self

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        # Closing rolls back uncommitted changes; loaded objects stay readable.
        self._session.close()
        if isinstance(raised, IntegrityError):
            conflict = _conflict_of(raised)
            if conflict is not None:
                raise conflict from None

    @override
    def flush(self) -> None:
        self._session.flush()

    @override
    @contextmanager
    def savepoint(self, *, keep: bool) -> Iterator[None]:
        self._write()  # earlier changes must not be rolled back
        with self._session.begin_nested() as savepoint:
            yield
            self._write()
            if not keep:
                savepoint.rollback()

    @override
    def commit(self) -> None:
        self._write()
        self._session.commit()

    def _write(self) -> None:
        """Write the accounts first: links and events refer to accounts, whose locks keep events in order."""
        self._session.flush()
        self.links.write()
        self.outbox.write()
        self.audit.write()


def _conflict_of(error: IntegrityError) -> Conflict | None:
    """Return a Conflict that names the violated unique column, or None for all other integrity errors."""
    diagnostics = getattr(error.orig, "diag", None)
    text = diagnostics.constraint_name if diagnostics else str(error.orig)
    for key in ("username_key", "mailbox_key", "live_general_id"):
        if text and text.endswith(key):
            return Conflict(key)
    return None
