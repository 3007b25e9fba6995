"""The repository of the challenges behind mailed links."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import accounts, mail_links
from identity.adapters.sql.upsert import upsert_into
from identity.domain.mail_link import Challenge, Purpose
from identity.usecases.ports.mail_links import MailLinks


class SqlMailLinks(Repository, MailLinks):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._new: list[Challenge] = []

    @override
    def put(self, challenge: Challenge) -> None:
        self._new.append(challenge)

    def write(self) -> None:
        """Store the new challenges, each in place of the older one for its purpose. Their accounts' rows must exist."""
        new, self._new = self._new, []
        for challenge in new:
            connection = self._session.connection()
            values = {column.name: getattr(challenge, column.name) for column in mail_links.c}
            _put_link(connection.dialect.name).run(connection, values)

    @override
    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        self.write()
        key = (account_id, purpose.value)
        return self._session.get(Challenge, key, populate_existing=True)

    @override
    def drop(self, account_id: str, *purposes: Purpose) -> None:
        self.write()
        row = mail_links.c
        self._session.execute(
            delete(mail_links).where(row.account_id == account_id, row.purpose.in_(purposes))
        )

    @override
    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        row = mail_links.c
        query = (
            select(row.account_id)
            .join(accounts, accounts.c.id == row.account_id)
            .where(
                row.issued_at <= before,
                row.purpose == Purpose.EMAIL_CHANGE.value,
                accounts.c.pending_email.is_not(None),
            )
        )
        return self._session.scalars(query.order_by(row.issued_at).limit(limit)).all()


@cache
def _put_link(dialect: str) -> FixedStatement:
    return FixedStatement(upsert_into(mail_links, dialect), columns=mail_links.c.keys())
