"""Searches the audit log, and the mails of an account (OPS-1, OPS-6)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, func, or_, select
from typing_extensions import override

from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import audit, outbox
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditFilter, AuditHistory, AuditRecord, MailRecord

_ENTRY_FIELDS = tuple(field.name for field in fields(Entry))


class SqlAuditHistory(Repository, AuditHistory):
    @override
    def find(self, criteria: AuditFilter, *, account_id: str | None) -> Sequence[AuditRecord]:
        rows = (
            select(audit)
            .where(*_conditions(criteria, account_id))
            .order_by(audit.c.id.desc())
            .limit(criteria.limit)
        )
        return [_record(row) for row in self._session.execute(rows).mappings()]

    @override
    def mails(self, account_id: str) -> Sequence[MailRecord]:
        row = outbox.c
        query = select(row.type, row.created_at, row.mail_state, row.mail_at, row.mail_category).where(
            row.subject == account_id, row.mail_state.is_not(None)
        )
        return [MailRecord(*each) for each in self._session.execute(query.order_by(row.id))]

    @override
    def begins_at(self) -> datetime | None:
        oldest: datetime | None = self._session.scalar(select(func.min(audit.c.at)))
        return oldest


def _conditions(criteria: AuditFilter, account_id: str | None) -> Iterator[ColumnElement[bool]]:
    row = audit.c
    if account_id is not None:
        yield or_(row.account_id == account_id, row.link_account_id == account_id)
    if criteria.operator is not None:
        yield row.actor_kind == "operator"
        yield row.actor == criteria.operator
    if criteria.action is not None:
        yield row.action == criteria.action
    if criteria.since is not None:
        yield row.at >= criteria.since
    if criteria.before is not None:
        yield row.id < criteria.before


def _record(row: RowMapping) -> AuditRecord:
    values = {name: row[name] for name in _ENTRY_FIELDS}
    entry = Entry(**{**values, "detail": json.loads(row["detail"])})
    return AuditRecord(row["id"], entry, row["place"] is not None)
