"""The outbox table, from both sides: use cases write, the relay publishes (EVT-2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, String, and_, bindparam, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Database

from identity.adapters.tables import outbox, outbox_epoch
from identity.usecases.relaying import Pending, Receipt
from identity.usecases.repositories import OutboxEntry

_ADD = outbox.insert()


class SqlOutbox:
    """The use cases' side."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[dict[str, Any]] = []

    def add(self, entry: OutboxEntry) -> None:
        """Keep an event for `write`."""
        self._rows.append(
            {
                "event_id": entry.event_id,
                "type": entry.type,
                "subject": entry.subject,
                "ce": entry.ce,
                "sealed": entry.sealed,
                "created_at": entry.created_at,
                "mail_state": "waiting" if entry.sealed else None,
                "mail_expires_at": entry.mail_expires_at,
            }
        )

    def write(self) -> None:
        """Write the events beside their changes, in one round trip; the last thing before they are kept."""
        self._database.flush()  # the account's row first: its lock orders the subject's events
        if self._rows:
            rows, self._rows = self._rows, []
            self._database.execute(_ADD, rows)


class SqlOutboxReader:
    """The relay's side; each call is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._position: int | None = None
        self._epoch: str | None = None

    def epoch(self) -> str:
        """Return the name of this database, made by whoever asks first."""
        if self._epoch is None:
            with self._engine.begin() as connection:
                if not connection.scalar(select(outbox_epoch.c.epoch)):
                    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(
                        outbox_epoch
                    )
                    connection.execute(insert.values(id=1, epoch=uuid4().hex).on_conflict_do_nothing())
                self._epoch = str(connection.scalar(select(outbox_epoch.c.epoch)))
        return self._epoch

    def position(self) -> int:
        """Return the newest position given."""
        if self._position is None:
            with self._engine.connect() as connection:
                self._position = connection.scalar(select(func.max(outbox.c.position))) or 0
        return self._position

    def pending(self, limit: int) -> Sequence[Pending]:
        """Return the next unpublished events. A subject's are in the order of their commits: its row was locked."""
        row = outbox.c
        query = select(row.id, row.type, row.ce, row.sealed).where(row.position.is_(None))
        with self._engine.connect() as connection:
            return [Pending(*entry) for entry in connection.execute(query.order_by(row.id).limit(limit))]

    def published(self, *, after: int, since: datetime, limit: int) -> Sequence[Pending]:
        """Return events published since then, in the order of their positions."""
        row = outbox.c
        query = select(row.id, row.type, row.ce, row.sealed, row.position).where(
            row.position > after, row.published_at >= since
        )
        with self._engine.connect() as connection:
            return [
                Pending(*entry) for entry in connection.execute(query.order_by(row.position).limit(limit))
            ]

    def mark_published(self, ids: Sequence[int], now: datetime) -> None:
        """Give each its position in the feed."""
        start = self.position()
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_MARK_ALL, {"ids": list(ids), "start": start, "now": now})
            else:
                rows = [
                    {"row": row_id, "place": start + place, "now": now}
                    for place, row_id in enumerate(ids, start=1)
                ]
                connection.execute(_MARK_EACH, rows)
        self._position = start + len(ids)

    def forget_position(self) -> None:
        """Ask the table again: another relay may have published meanwhile."""
        self._position = None

    def note_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Note what became of mails, forward only, and forget their sealed part (SEC-9, SEC-10)."""
        rows = [
            {"event": each.event_id, "state": each.state, "at": each.at, "category": each.category or None}
            for each in receipts
        ]
        with self._engine.begin() as connection:
            connection.execute(_NOTE, rows)

    def expire_mails(self, now: datetime) -> int:
        """Forget sealed parts past their time (SEC-9); return how many."""
        with self._engine.begin() as connection:
            return connection.execute(_EXPIRE, {"now": now}).rowcount


_MARK_ALL = text(
    "UPDATE outbox SET position = :start + given.place, published_at = :now "
    "FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS given(row, place) "
    "WHERE outbox.id = given.row AND outbox.position IS NULL"
)
_MARK_EACH = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"), outbox.c.position.is_(None))
    .values(position=bindparam("place"), published_at=bindparam("now"))
)
_NOTE = (
    update(outbox)
    .where(
        outbox.c.event_id == bindparam("event"),
        or_(
            outbox.c.mail_state == "waiting",
            # An operator's retry may still be accepted (MAIL-5); that is the end.
            and_(outbox.c.mail_state != "sent", bindparam("state", type_=String) == "sent"),
        ),
    )
    .values(
        mail_state=bindparam("state"),
        mail_at=bindparam("at"),
        mail_category=bindparam("category"),
        sealed=None,
    )
)
_EXPIRE = (
    update(outbox)
    .where(outbox.c.mail_expires_at <= bindparam("now"), outbox.c.sealed.is_not(None))
    .values(sealed=None, mail_state="expired", mail_at=bindparam("now"))
)
