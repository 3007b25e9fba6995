"""The outbox: use cases add events, and the relay publishes them (EVT-2)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

from port_events.envelope import Event, to_json
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
from typing_extensions import override

from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.repository import BufferingRepository
from identity.adapters.sql.tables import outbox, outbox_epoch
from identity.adapters.sql.upsert import insert_into
from identity.domain.mail import LOST
from identity.usecases.ports.outbox import (
    Outbox,
    OutboxReader,
    PositionedEvent,
    Receipt,
    WaitingMails,
)

_COLUMNS = (
    "event_id", "type", "subject", "ce", "sealed", "created_at", "mail_state", "mail_expires_at",
)  # fmt: skip


class SqlOutbox(BufferingRepository, Outbox):
    _add_all = outbox.insert().inline()
    _add_one = FixedStatement(_add_all, columns=_COLUMNS)

    @override
    def add(self, event: Event, *, sealed: str | None, mail_expires_at: datetime | None) -> None:
        self._rows.append(
            {
                "event_id": event.id,
                "type": event.type,
                "subject": event.subject,
                "ce": to_json(event),
                "sealed": sealed,
                "created_at": event.time,
                "mail_state": "waiting" if sealed else None,
                "mail_expires_at": mail_expires_at,
            }
        )


class SqlOutboxReader(EngineAdapter, OutboxReader, WaitingMails):
    """Caches the epoch, and the newest position that this process has read or assigned."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._position: int | None = None
        self._epoch: str | None = None

    @override
    def epoch(self) -> str:
        if self._epoch is None:
            with self._engine.begin() as connection:
                if not connection.scalar(select(outbox_epoch.c.epoch)):
                    insert = insert_into(outbox_epoch, connection.dialect.name)
                    connection.execute(insert.values(id=1, epoch=uuid4().hex).on_conflict_do_nothing())
                self._epoch = str(connection.scalar(select(outbox_epoch.c.epoch)))
        return self._epoch

    @override
    def newest_position(self) -> int:
        if self._position is None:
            self._position = self._value(_NEWEST) or 0
        return self._position

    @override
    def assign_positions(self, now: datetime, *, beyond: int, limit: int) -> Sequence[PositionedEvent]:
        # The events of one account are in the order of their commits, since each transaction locked the account.
        with self._engine.begin() as connection:
            rows = connection.execute(_UNPOSITIONED, {"limit": limit}).all()
            if not rows:
                self._position = None  # another relay may have assigned positions without publishing them
                return []
            first = max(connection.scalar(_NEWEST) or 0, beyond) + 1
            positions = {row.id: position for position, row in enumerate(rows, start=first)}
            connection.execute(
                _ASSIGN,
                [{"row": row, "assigned": position, "now": now} for row, position in positions.items()],
            )
        self._position = first + len(rows) - 1
        return [
            PositionedEvent(
                positions[row.id], type=row.type, ce=row.ce, sealed=row.sealed, created_at=row.created_at
            )
            for row in rows
        ]

    @override
    def positioned(self, *, after: int, since: datetime | None, limit: int) -> Sequence[PositionedEvent]:
        with self._engine.connect() as connection:
            if since is not None:
                after = _last_position_before(connection, since, after=after)
            return [
                PositionedEvent(*row)
                for row in connection.execute(_POSITIONED, {"after": after, "limit": limit})
            ]

    @override
    def forget_position(self) -> None:
        self._position = None

    @override
    def unsent_mails(self, event_ids: Collection[str]) -> Collection[str]:
        with self._engine.connect() as connection:
            return set(connection.scalars(_UNSENT_MAILS, {"events": sorted(event_ids)}))

    @override
    def record_receipts(self, receipts: Sequence[Receipt]) -> None:
        # Sorted, so that two relays lock the rows in the same order.
        rows = [
            {"event": each.event_id, "state": each.state, "at": each.at, "category": each.category or None}
            for each in sorted(receipts, key=lambda each: each.event_id)
        ]
        with self._engine.begin() as connection:
            connection.execute(_RECORD_RECEIPT, rows)

    @override
    def expire_mails(self, now: datetime) -> int:
        with self._engine.begin() as connection:
            return connection.execute(_EXPIRE, {"now": now}).rowcount

    @override
    def waiting_mails(self, *, before: int, published_before: datetime, limit: int) -> Sequence[str]:
        values = {"before": before, "published_before": published_before, "limit": limit}
        with self._engine.connect() as connection:
            return connection.scalars(_WAITING_MAILS, values).all()

    @override
    def record_lost_mails(self, event_ids: Collection[str], now: datetime) -> int:
        with self._engine.begin() as connection:
            return connection.execute(_RECORD_LOST, {"events": sorted(event_ids), "now": now}).rowcount


_NEWEST = select(func.max(outbox.c.position))
_POSITIONED = (
    select(outbox.c.position, outbox.c.type, outbox.c.ce, outbox.c.sealed, outbox.c.created_at)
    .where(outbox.c.position > bindparam("after"))
    .order_by(outbox.c.position)
    .limit(bindparam("limit"))
)
_PUBLISHED_AT = (
    select(outbox.c.published_at)
    .where(outbox.c.position > bindparam("after"))
    .order_by(outbox.c.position)
    .limit(1)
)


def _last_position_before(connection: Connection, since: datetime, *, after: int) -> int:
    """Return the last position assigned before `since`, or `after` if there is none.

    Positions increase with time, so a binary search over the index on positions finds it without an index on the time.
    """
    low, high = after, connection.scalar(_NEWEST) or after
    while low < high:
        middle = (low + high) // 2
        assigned_at = connection.scalar(_PUBLISHED_AT, {"after": middle})
        low, high = (middle + 1, high) if assigned_at is not None and assigned_at < since else (low, middle)
    return low


# Two relays may act as leader for a while: FOR UPDATE prevents two positions for one event, and the unique index one
# position for two events. The update is a separate statement, because PostgreSQL planned a single one from outdated
# statistics: on a table that had just grown, it chose a nested loop over all rows.
_UNPOSITIONED = (
    select(outbox.c.id, outbox.c.type, outbox.c.ce, outbox.c.sealed, outbox.c.created_at)
    .where(outbox.c.position.is_(None))
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update()
)
_ASSIGN = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(position=bindparam("assigned"), published_at=bindparam("now"))
)
_UNSENT_MAILS = select(outbox.c.event_id).where(
    outbox.c.event_id.in_(bindparam("events", expanding=True)),
    outbox.c.mail_state.in_(("waiting", "refused")),
)
_RECORD_RECEIPT = (
    update(outbox)
    .where(
        outbox.c.event_id == bindparam("event"),
        or_(
            outbox.c.mail_state == "waiting",
            # An operator's retry may still succeed (MAIL-5); `sent` is final.
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
# Skips rows whose receipt is being recorded: their mails must not expire.
_EXPIRED = (
    select(outbox.c.id)
    .where(outbox.c.mail_expires_at <= bindparam("now"), outbox.c.sealed.is_not(None))
    .with_for_update(skip_locked=True)
)
_EXPIRE = (
    update(outbox)
    .where(outbox.c.id.in_(_EXPIRED))
    .values(sealed=None, mail_state="expired", mail_at=bindparam("now"))
)
_WAITING_MAILS = (
    select(outbox.c.event_id)
    .where(
        outbox.c.sealed.is_not(None),
        outbox.c.mail_state == "waiting",
        outbox.c.position < bindparam("before"),
        outbox.c.published_at <= bindparam("published_before"),
    )
    .order_by(outbox.c.position)
    .limit(bindparam("limit"))
)
_RECORD_LOST = (
    update(outbox)
    .where(outbox.c.event_id.in_(bindparam("events", expanding=True)), outbox.c.mail_state == "waiting")
    .values(sealed=None, mail_state="refused", mail_at=bindparam("now"), mail_category=LOST)
)
