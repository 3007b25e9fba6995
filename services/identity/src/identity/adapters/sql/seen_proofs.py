"""Records the use of proofs and assertions, each in its own transaction."""

from sqlalchemy import Engine
from typing_extensions import override

from identity.adapters.sql.oidc_tables import seen_proofs
from identity.adapters.sql.upsert import insert_into
from identity.domain.jwt_replay import SingleUse
from identity.usecases.ports.seen_proofs import SeenProofs


class SqlSeenProofs(SeenProofs):
    """The primary key decides which of several concurrent uses is the first."""

    def __init__(self, autocommit: Engine) -> None:
        self._engine = autocommit
        insert = insert_into(seen_proofs, autocommit.dialect.name).on_conflict_do_nothing()
        self._insert = insert.returning(seen_proofs.c.digest)

    @override
    def first_use(self, proof: SingleUse) -> bool:
        with self._engine.connect() as connection:
            row = {"digest": proof.digest, "expires_at": proof.expires_at}
            return connection.execute(self._insert, row).one_or_none() is not None
