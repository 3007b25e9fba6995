"""The repository of rejected registrations."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from typing_extensions import override

from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import rejections, sessions
from identity.domain.registration_rejection import Rejection
from identity.usecases.ports.registration_rejections import Rejections

_row = rejections.c
_SHOWN = select(rejections).where(_row.rejected_at > bindparam("since"))
BY_USERNAME = _SHOWN.where(_row.username_key == bindparam("key")).order_by(_row.rejected_at.desc()).limit(1)
BY_SESSION = FixedStatement(
    _SHOWN.join(sessions, sessions.c.account_id == _row.account_id).where(
        sessions.c.token_digest == bindparam("digest"), sessions.c.expires_at > bindparam("now")
    )
)


class SqlRejections(Repository, Rejections):
    @override
    def add(self, rejection: Rejection) -> None:
        self._session.execute(insert(rejections).values(asdict(rejection)))

    @override
    def drop(self, account_id: str) -> None:
        self._session.execute(delete(rejections).where(_row.account_id == account_id))


def read_rejection(row: Sequence[Any]) -> Rejection:
    """Return the rejection in a row of `BY_USERNAME` or `BY_SESSION`."""
    return Rejection(**dict(zip(rejections.c.keys(), row, strict=True)))
