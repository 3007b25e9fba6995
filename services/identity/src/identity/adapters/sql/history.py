"""What was written down of accounts, for who looks it up: the audit log and the mails (OPS-1, OPS-6)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session as Database
from typing_extensions import override

from identity.adapters.sql.tables import audit, outbox
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditFilter, AuditHistory, AuditRecord, MailRecord

_ENTRY_FIELDS = tuple(field.name for field in fields(Entry))


class SqlHistory(AuditHistory):
    """Reads within somebody's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def find(self, criteria: AuditFilter, *, account_id: str | None) -> Sequence[AuditRecord]:
        rows = (
            select(audit)
            .where(*_fits(criteria, account_id))
            .order_by(audit.c.id.desc())
            .limit(criteria.limit)
        )
        return [_happened(row) for row in self._database.execute(rows)]

    @override
    def mails(self, account_id: str) -> Sequence[MailRecord]:
        row = outbox.c
        query = select(row.type, row.created_at, row.mail_state, row.mail_at, row.mail_category).where(
            row.subject == account_id, row.mail_state.is_not(None)
        )
        return [MailRecord(*each) for each in self._database.execute(query.order_by(row.id))]

    @override
    def begins_at(self) -> datetime | None:
        oldest: datetime | None = self._database.scalar(select(func.min(audit.c.at)))
        return oldest


def _fits(query: AuditFilter, account_id: str | None) -> Iterator[ColumnElement[bool]]:
    row = audit.c
    if account_id is not None:
        yield or_(row.account_id == account_id, row.link_account_id == account_id)
    if query.operator is not None:
        yield row.actor_kind == "operator"
        yield row.actor == query.operator
    if query.action is not None:
        yield row.action == query.action
    if query.since is not None:
        yield row.at >= query.since
    if query.before is not None:
        yield row.id < query.before


def _happened(row: Row[Any]) -> AuditRecord:
    told = {name: row._mapping[name] for name in _ENTRY_FIELDS}  # noqa: SLF001  # SQLAlchemy's public name
    entry = Entry(**{**told, "detail": json.loads(told["detail"])})
    return AuditRecord(row.id, entry, row.place is not None)
