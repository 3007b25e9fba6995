"""The feed of published events, and the snapshot of accounts and bindings; every query uses an index (EVT-6)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from typing_extensions import override

from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.principal_queries import STATUS
from identity.adapters.sql.tables import accounts, bindings, outbox
from identity.usecases.ports.feed import (
    AccountState,
    BindingState,
    Feed,
    FeedEvent,
    OutboxRecord,
    OutboxStats,
)

_row = outbox.c
_AFTER = (
    select(_row.position, _row.ce)
    .where(_row.position > bindparam("after"))
    .order_by(_row.position)
    .limit(bindparam("limit"))
)
_NEWEST, _OLDEST = select(func.max(_row.position)), select(func.min(_row.position))
_ACCOUNTS = (
    select(
        accounts.c.id, accounts.c.kind, accounts.c.username, STATUS.label("status"), accounts.c.tax_id,
        accounts.c.company_name, accounts.c.sequence,
    )
    .where(accounts.c.id > bindparam("after"), accounts.c.closed_at.is_(None))
    .order_by(accounts.c.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_BINDINGS = (
    select(
        bindings.c.id, bindings.c.link_account_id, bindings.c.general_account_id, bindings.c.status,
        bindings.c.requested_at, bindings.c.verified_at,
    )
    .where(bindings.c.live_general_id.in_(bindparam("ids", expanding=True)))
    .order_by(bindings.c.live_general_id)
)  # fmt: skip
_RECORD = select(
    _row.position, _row.event_id, _row.type, _row.subject, _row.created_at, _row.published_at, _row.mail_state,
    _row.mail_at, _row.mail_category, _row.ce,
)  # fmt: skip
_PENDING = select(func.count(), func.min(_row.created_at)).where(_row.position.is_(None))
_MAILS = select(func.count()).select_from(outbox).where(_row.sealed.is_not(None))


class SqlFeed(EngineAdapter, Feed):
    """Needs an autocommit engine: each statement is its own transaction."""

    @override
    def newest(self) -> int:
        return self._value(_NEWEST) or 0

    @override
    def after(self, position: int, limit: int) -> Sequence[FeedEvent]:
        found = self._all(_AFTER, {"after": position, "limit": limit})
        return [FeedEvent(**row) for row in found]

    @override
    def accounts(self, after_id: str, limit: int) -> Sequence[AccountState]:
        found = self._all(_ACCOUNTS, {"after": after_id, "limit": limit})
        return [AccountState(**row) for row in found]

    @override
    def bindings(self, general_ids: Sequence[str]) -> Sequence[BindingState]:
        return [BindingState(**row) for row in self._all(_BINDINGS, {"ids": list(general_ids)})]

    @override
    def records(
        self, *, after: int, limit: int, type_name: str | None, subject: str | None
    ) -> Sequence[OutboxRecord]:
        query = _RECORD.where(_row.position > after).order_by(_row.position).limit(limit)
        if type_name is not None:
            query = query.where(_row.type == type_name)
        if subject is not None:
            query = query.where(_row.subject == subject)
        return [OutboxRecord(**row) for row in self._all(query)]

    @override
    def record(self, event_id: str) -> OutboxRecord | None:
        row = self._one(_RECORD.where(_row.event_id == event_id))
        return OutboxRecord(**row) if row else None

    @override
    def stats(self) -> OutboxStats:
        with self._engine.connect() as connection:
            pending, since = connection.execute(_PENDING).one()
            return OutboxStats(
                oldest=connection.scalar(_OLDEST),
                newest=connection.scalar(_NEWEST) or 0,
                pending=pending,
                pending_since=since,
                mails_waiting=connection.scalar(_MAILS) or 0,
            )
