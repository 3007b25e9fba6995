"""The transaction of `identity notify`."""

from collections.abc import Callable
from typing import Self

from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql import mapping  # noqa: F401  # maps the classes that sessions load
from identity.adapters.sql.audit_log import SqlAuditLog
from identity.adapters.sql.backchannel_logouts import SqlLogouts
from identity.adapters.sql.grants import SqlGrants
from identity.domain.audit import Caller
from identity.usecases.ports import Transaction
from identity.usecases.ports.clock import Clock


class SqlNotifyTransaction(Transaction):
    audit: SqlAuditLog

    def __init__(self, sessions: Callable[[], Session], *, clock: Clock, caller: Caller) -> None:
        super().__init__(clock=clock, caller=lambda: caller)
        self._sessions = sessions

    def __enter__(self) -> Self:
        session = self._session = self._sessions()
        self.grants = SqlGrants(session)
        self.logouts = SqlLogouts(session)
        self.audit = SqlAuditLog(session)
        return self

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        self._session.close()  # rolls back what is not committed

    @override
    def commit(self) -> None:
        self.audit.write()
        self._session.commit()
