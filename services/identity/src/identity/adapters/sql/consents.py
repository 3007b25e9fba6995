"""Accepted consent texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Database
from typing_extensions import override

from identity.adapters.sql.tables import consents
from identity.domain import consent
from identity.usecases.ports.accounts import ConsentRecord, Consents


class SqlConsents(Consents):
    """What was accepted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        row = consents.c
        query = select(row.document, row.version, row.accepted_at, row.address).where(
            row.account_id == account_id
        )
        return [ConsentRecord(*each) for each in self._database.execute(query.order_by(row.accepted_at))]

    @override
    def forget_addresses(self, account_id: str) -> None:
        self._database.execute(update(consents).where(consents.c.account_id == account_id).values(address=""))

    @override
    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
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
        insert = (
            postgresql.insert if self._database.get_bind().dialect.name == "postgresql" else sqlite.insert
        )
        self._database.execute(insert(consents).on_conflict_do_nothing(), rows)
