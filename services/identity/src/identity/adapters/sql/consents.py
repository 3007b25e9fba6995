"""Accepted consent texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Database

from identity.adapters.sql.tables import consents
from identity.domain import consent
from identity.usecases.ports.accounts import ConsentRecord


class SqlConsents:
    """What was accepted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        """Return what an account accepted, oldest first."""
        row = consents.c
        query = select(row.document, row.version, row.accepted_at, row.address).where(
            row.account_id == account_id
        )
        return [ConsentRecord(*each) for each in self._database.execute(query.order_by(row.accepted_at))]

    def forget_addresses(self, account_id: str) -> None:
        """Keep that and when the texts were accepted, not from where (OPS-6)."""
        self._database.execute(update(consents).where(consents.c.account_id == account_id).values(address=""))

    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
        """Keep each text's version, with when and from where; what was accepted before stays as it is."""
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
