"""The outbox table, from both sides: use cases write, the relay publishes (EVT-2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Engine,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Database
from typing_extensions import override

from identity.adapters.sql.tables import outbox, outbox_epoch
from identity.usecases.ports.outbox import Outbox, OutboxEntry, OutboxReader, PositionedEvent, Receipt

_ADD = outbox.insert()


class SqlOutbox(Outbox):
    """The use cases' side."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[dict[str, Any]] = []

    @override
    def add(self, entry: OutboxEntry) -> None:
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
        if self._rows:
            rows, self._rows = self._rows, []
            self._database.execute(_ADD, rows)


class SqlOutboxReader(OutboxReader):
    """The relay's side; each call is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._position: int | None = None
        self._epoch: str | None = None

    @override
    def epoch(self) -> str:
        if self._epoch is None:
            with self._engine.begin() as connection:
                if not connection.scalar(select(outbox_epoch.c.epoch)):
                    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(
                        outbox_epoch
                    )
                    connection.execute(insert.values(id=1, epoch=uuid4().hex).on_conflict_do_nothing())
                self._epoch = str(connection.scalar(select(outbox_epoch.c.epoch)))
        return self._epoch

    @override
    def newest_position(self, *, refresh: bool = False) -> int:
        if self._position is None or refresh:
            with self._engine.connect() as connection:
                self._position = connection.scalar(_NEWEST) or 0
        return self._position

    @override
    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        with self._engine.begin() as connection:
            rows = connection.execute(_WAITING, {"limit": limit}).all()
            if not rows:
                self._position = None  # another may have given some that it did not publish: look anew
                return []
            first = max(connection.scalar(_NEWEST) or 0, beyond) + 1
            given = {row.id: position for position, row in enumerate(rows, start=first)}
            connection.execute(
                _PLACE, [{"row": row, "given": position, "now": now} for row, position in given.items()]
            )
        self._position = first + len(rows) - 1
        return [
            PositionedEvent(
                given[row.id], type=row.type, ce=row.ce, sealed=row.sealed, created_at=row.created_at
            )
            for row in rows
        ]

    @override
    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        with self._engine.connect() as connection:
            if since is not None:
                after = _last_before(connection, since, after=after)
            return [
                PositionedEvent(*row)
                for row in connection.execute(_PLACED_AFTER, {"after": after, "limit": limit})
            ]

    @override
    def forget_position(self) -> None:
        self._position = None

    @override
    def record_receipts(self, receipts: Sequence[Receipt]) -> None:
        # So that two relays lock no rows crosswise.
        in_order = sorted(receipts, key=lambda each: each.event_id)
        rows = [
            {"event": each.event_id, "state": each.state, "at": each.at, "category": each.category or None}
            for each in in_order
        ]
        with self._engine.begin() as connection:
            connection.execute(_NOTE, rows)

    @override
    def expire_mails(self, now: datetime) -> int:
        with self._engine.begin() as connection:
            return connection.execute(_EXPIRE, {"now": now}).rowcount


_NEWEST = select(func.max(outbox.c.position))
_PLACED = (outbox.c.position, outbox.c.type, outbox.c.ce, outbox.c.sealed, outbox.c.created_at)
_PLACED_AFTER = (
    select(*_PLACED)
    .where(outbox.c.position > bindparam("after"))
    .order_by(outbox.c.position)
    .limit(bindparam("limit"))
)
_GIVEN_AT = (
    select(outbox.c.published_at)
    .where(outbox.c.position > bindparam("after"))
    .order_by(outbox.c.position)
    .limit(1)
)


def _last_before(connection: Connection, since: datetime, *, after: int) -> int:
    """Return the last position given before `since`, or `after`.

    Later positions were given later, so halving finds it in a few looks by the one index that there is.
    """
    low, high = after, connection.scalar(_NEWEST) or after
    while low < high:
        middle = (low + high) // 2
        given_at = connection.scalar(_GIVEN_AT, {"after": middle})
        low, high = (middle + 1, high) if given_at is not None and given_at < since else (low, middle)
    return low


# Of two relays that both think they lead, the second finds the rows taken, or the unique index refuses what it gives.
# One statement that reads and writes would be planned by what PostgreSQL last counted: on a table that has grown since,
# as after the first rush on a new system, it compared each row with each.
_WAITING = (
    select(outbox.c.id, outbox.c.type, outbox.c.ce, outbox.c.sealed, outbox.c.created_at)
    .where(outbox.c.position.is_(None))
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update()
)
_PLACE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(position=bindparam("given"), published_at=bindparam("now"))
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
# A row whose receipt is being noted is left alone: it is not to wait for, and not to expire.
_PAST = (
    select(outbox.c.id)
    .where(outbox.c.mail_expires_at <= bindparam("now"), outbox.c.sealed.is_not(None))
    .with_for_update(skip_locked=True)
)
_EXPIRE = (
    update(outbox)
    .where(outbox.c.id.in_(_PAST))
    .values(sealed=None, mail_state="expired", mail_at=bindparam("now"))
)
