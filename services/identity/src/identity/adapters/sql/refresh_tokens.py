"""The repository of refresh tokens."""

from datetime import datetime

from sqlalchemy import select, update
from typing_extensions import override

from identity.adapters.sql.oidc_tables import grant_tokens
from identity.adapters.sql.repository import Repository
from identity.domain.grant import Token
from identity.usecases.ports.refresh_tokens import RefreshTokens

_row = grant_tokens.c


class SqlRefreshTokens(Repository, RefreshTokens):
    @override
    def locked(self, digest: str) -> Token | None:
        query = select(grant_tokens).where(_row.digest == digest, _row.kind == "refresh").with_for_update()
        row = self._session.execute(query).mappings().one_or_none()
        return Token(**row) if row is not None else None

    @override
    def has_unused_successor(self, token: Token) -> bool:
        unused = select(_row.digest).where(
            _row.grant_id == token.grant_id,
            _row.parent == token.digest,
            _row.kind == "refresh",
            _row.used_at.is_(None),
        )
        return self._session.scalars(unused.with_for_update()).first() is not None

    @override
    def void_successors(self, token: Token, now: datetime) -> None:
        issued = update(grant_tokens).where(_row.grant_id == token.grant_id, _row.parent == token.digest)
        self._session.execute(issued.values(used_at=now, parent=None))
