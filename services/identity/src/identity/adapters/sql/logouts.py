"""The logouts that clients must be told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.oauth_tables import logouts, oidc_clients
from identity.domain.grant import EndedGrant
from identity.usecases.ports.grants import Logouts

CHANNEL = "identity_logouts"
"""The channel of PostgreSQL's NOTIFY."""


class SqlLogouts(Logouts):
    """Writes owed logouts within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def add_owed(self, ended: Sequence[EndedGrant], now: datetime) -> None:
        row = oidc_clients.c
        told = select(row.name).where(
            row.name.in_({grant.client for grant in ended}), row.backchannel_uri.is_not(None)
        )
        names = set(self._session.scalars(told))
        owed = [
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
        if owed:
            self._session.execute(insert(logouts), owed)
            self._wake_notify()

    def _wake_notify(self) -> None:
        """Notify at the commit; several in one transaction are one."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text(f"NOTIFY {CHANNEL}"))
