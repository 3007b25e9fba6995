"""The hash chain of the audit log in the database (SEC-11)."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Engine, Row, bindparam, delete, func, select, update
from typing_extensions import override

from identity.adapters.sql.audit_log import ADD, to_row
from identity.adapters.sql.tables import audit, audit_anchor, audit_segments
from identity.adapters.sql.upsert import insert_into
from identity.domain.audit import Entry
from identity.domain.audit_chain import Anchor, ChainedRow, Segment
from identity.usecases.ports.audit import AnchorStore, AuditChain

_CHAINED_COLUMNS = tuple(column.name for column in audit.c if column.name not in {"id", "at", "place", "mac"})
_SEGMENT_FIELDS = tuple(field.name for field in fields(Segment))
"""The fields of a segment, in the order of the table's columns."""
_PLACE = (
    update(audit)
    .where(audit.c.id == bindparam("row"), audit.c.place.is_(None))
    .values(place=bindparam("at_place"), mac=bindparam("with_mac"))
)


class SqlAuditChain(AuditChain):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def newest(self) -> Segment | None:
        query = select(audit_segments).order_by(audit_segments.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return _segment(row) if row else None

    @override
    def unchained(self, limit: int) -> Sequence[ChainedRow]:
        query = select(audit).where(audit.c.place.is_(None)).order_by(audit.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [_chained_row(row) for row in connection.execute(query)]

    @override
    def append(self, segment: Segment, rows: Sequence[ChainedRow]) -> None:
        values = [{"row": each.id, "at_place": each.place, "with_mac": each.mac} for each in rows]
        with self._engine.begin() as connection:
            connection.execute(audit_segments.insert(), [_values(segment)])
            connection.execute(_PLACE, values)

    @override
    def segments(self, *, after: int, limit: int) -> Sequence[Segment]:
        number = audit_segments.c.number
        query = select(audit_segments).where(number > after).order_by(number).limit(limit)
        with self._engine.connect() as connection:
            return [_segment(row) for row in connection.execute(query)]

    @override
    def rows(self, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        condition = audit.c.place > after if after is not None else audit.c.place.is_not(None)
        query = select(audit).where(condition).order_by(audit.c.place).limit(limit)
        with self._engine.connect() as connection:
            return [_chained_row(row) for row in connection.execute(query)]

    def chained_count(self) -> int:
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count(audit.c.place))) or 0

    @override
    def unchained_count(self) -> int:
        query = select(func.count()).select_from(audit).where(audit.c.place.is_(None))
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    @override
    def drop(self, upto: Segment, entry: Entry) -> None:
        number = audit_segments.c.number
        with self._engine.begin() as connection:
            connection.execute(delete(audit).where(audit.c.place <= upto.last))
            connection.execute(delete(audit_segments).where(number < upto.number))
            update_last = update(audit_segments).where(number == upto.number)
            connection.execute(update_last.values(key=upto.key, pruned_at=upto.pruned_at, mac=upto.mac))
            connection.execute(ADD, to_row(entry))


class SqlAnchor(AnchorStore):
    """The anchor in the database, in a table with one row."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def read(self) -> Anchor | None:
        row = audit_anchor.c
        with self._engine.connect() as connection:
            found = connection.execute(select(row.segment, row.rows, row.head)).one_or_none()
        return Anchor(**found._mapping) if found else None  # noqa: SLF001  # public in SQLAlchemy despite its name

    @override
    def write(self, anchor: Anchor) -> None:
        values = {"segment": anchor.segment, "rows": anchor.rows, "head": anchor.head}
        insert = insert_into(audit_anchor, self._engine.dialect.name).values(id=1, **values)
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))


def _segment(row: Row[Any]) -> Segment:
    return Segment(**dict(zip(_SEGMENT_FIELDS, row, strict=True)))


def _values(segment: Segment) -> dict[str, Any]:
    return {name: getattr(segment, name) for name in _SEGMENT_FIELDS}


def _chained_row(row: Row[Any]) -> ChainedRow:
    columns = row._mapping  # noqa: SLF001  # public in SQLAlchemy despite its name
    return ChainedRow(row.id, row.at, {name: columns[name] for name in _CHAINED_COLUMNS}, row.place, row.mac)
