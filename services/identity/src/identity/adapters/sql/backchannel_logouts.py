"""The repository of logouts of which clients must be notified."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, text, update
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.oidc_tables import logouts, oidc_clients
from identity.adapters.sql.repository import Repository
from identity.domain.backchannel_logout import MAX_AT_ONCE, LeasedLogout, Logout
from identity.domain.grant import EndedGrant
from identity.usecases.ports.backchannel_logouts import Logouts

CHANNEL = "identity_logouts"
"""The channel on which PostgreSQL notifies `identity notify`."""
TOLD, DROPPED = "told", "dropped"
"""The final outcomes. A logout with `done_at` and another outcome has failed, and an operator must retry or drop it."""

_row, _client = logouts.c, oidc_clients.c
_WAITS = _row.done_at.is_(None)
_UNSETTLED = or_(_WAITS, _row.outcome.not_in((TOLD, DROPPED)))
_LEASED = (_row.id, _row.grant_id, _row.client, _row.sub, _row.created_at, _row.tries)
_LOCK_CLIENT = text("SELECT pg_advisory_xact_lock(hashtext('identity_logouts'), hashtext(:client))")
"""Prevents two processes from counting a client's leases at the same time and together exceeding the limit."""


class SqlLogouts(Repository, Logouts):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._is_postgresql = session.get_bind().dialect.name == "postgresql"

    @override
    def add_pending(self, ended: Sequence[EndedGrant], now: datetime) -> None:
        notified = select(_client.name).where(
            _client.name.in_({grant.client for grant in ended}), _client.backchannel_uri.is_not(None)
        )
        names = set(self._session.scalars(notified))
        pending = [
            {
                "grant_id": grant.id,
                "client": grant.client,
                "sub": grant.account_id,
                "created_at": now,
                "due_at": now,
                "tries": 0,
            }
            for grant in ended
            if grant.client in names
        ]
        if pending:
            self._session.execute(insert(logouts), pending)
            self._wake_notify()

    @override
    def clients_due(self, now: datetime) -> Sequence[str]:
        due = exists().where(_row.client == _client.name, _is_due(now))
        return self._session.scalars(select(_client.name).where(due).order_by(_client.name)).all()

    @override
    def lease(self, client: str, now: datetime, *, until: datetime) -> LeasedLogout | None:
        if self._is_postgresql:
            self._session.execute(_LOCK_CLIENT, {"client": client})
        leased = select(func.count()).where(_row.client == client, _row.leased_until > now, _WAITS)
        if (self._session.scalar(leased) or 0) >= MAX_AT_ONCE:
            return None
        due = select(_row.id).where(_row.client == client, _is_due(now)).order_by(_row.due_at, _row.id)
        one = due.limit(1).with_for_update(skip_locked=True).scalar_subquery()
        statement = update(logouts).where(_row.id == one).values(leased_until=until, tries=_row.tries + 1)
        row = self._session.execute(statement.returning(*_LEASED)).mappings().one_or_none()
        if row is None:
            return None
        where = select(_client.backchannel_uri, _client.id_token_alg).where(_client.name == client)
        return LeasedLogout(**row, **self._session.execute(where).mappings().one())

    @override
    def settle(self, logout: LeasedLogout, outcome: str, now: datetime) -> bool:
        return self._finish(logout, outcome=outcome, done_at=now)

    @override
    def postpone(self, logout: LeasedLogout, outcome: str, *, due_at: datetime) -> bool:
        return self._finish(logout, outcome=outcome, due_at=due_at)

    def _finish(self, logout: LeasedLogout, **values: object) -> bool:
        is_ours = and_(_row.id == logout.id, _row.tries == logout.tries, _WAITS)
        finished = update(logouts).where(is_ours).values(leased_until=None, **values)
        return self._session.execute(finished.returning(_row.id)).scalar_one_or_none() is not None

    @override
    def unsettled(self, *, client: str | None, limit: int) -> Sequence[Logout]:
        query = select(Logout).where(_UNSETTLED)
        if client is not None:
            query = query.where(_row.client == client)
        return self._session.scalars(query.order_by(_row.id).limit(limit)).all()

    @override
    def retry(self, logout_id: int, now: datetime) -> Logout | None:
        waiting = {"created_at": now, "due_at": now, "leased_until": None, "tries": 0, "done_at": None}
        found = self._change(logout_id, **waiting)
        if found is not None:
            self._wake_notify()
        return found

    @override
    def drop(self, logout_id: int, now: datetime) -> Logout | None:
        return self._change(logout_id, outcome=DROPPED, done_at=now, leased_until=None)

    def _change(self, logout_id: int, **values: object) -> Logout | None:
        changed = update(Logout).where(_row.id == logout_id, _UNSETTLED).values(**values)
        return self._session.scalars(changed.returning(Logout)).one_or_none()

    def _wake_notify(self) -> None:
        """Send a notification at the commit. PostgreSQL merges the notifications of one transaction."""
        if self._is_postgresql:
            self._session.execute(text(f"NOTIFY {CHANNEL}"))


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(_row.leased_until.is_(None), _row.leased_until <= now)
    return and_(_WAITS, _row.due_at <= now, is_free)
