"""The repository of accepted consent texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from typing_extensions import override

from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import consents
from identity.adapters.sql.upsert import insert_into
from identity.domain.consent_texts import Text
from identity.usecases.ports.consents import ConsentRecord, Consents


class SqlConsents(Repository, Consents):
    @override
    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        row = consents.c
        query = select(row.document, row.version, row.accepted_at, row.address).where(
            row.account_id == account_id
        )
        return [ConsentRecord(*each) for each in self._session.execute(query.order_by(row.accepted_at))]

    @override
    def forget_addresses(self, account_id: str) -> None:
        self._session.execute(update(consents).where(consents.c.account_id == account_id).values(address=""))

    @override
    def accept(self, account_id: str, texts: Iterable[Text], *, now: datetime, address: str) -> None:
        rows = [
            {
                "account_id": account_id,
                "document": text.document,
                "version": text.version,
                "accepted_at": now,
                "address": address,
            }
            for text in texts
        ]
        insert = insert_into(consents, self._session.get_bind().dialect.name)
        self._session.execute(
            insert.on_conflict_do_nothing(), rows
        )  # a later acceptance of the same version is ignored
