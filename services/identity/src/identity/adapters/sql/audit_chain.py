"""The hash chain of the audit log in the database (SEC-11)."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import RowMapping, bindparam, delete, func, select, update
from typing_extensions import override

from identity.adapters.sql.audit_log import ADD, to_row
from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.tables import audit, audit_anchor, audit_segments
from identity.adapters.sql.upsert import upsert_into
from identity.domain.audit import Entry
from identity.domain.audit_chain import Anchor, ChainedRow, Segment
from identity.usecases.ports.audit import AnchorStore, AuditChain

_CHAINED_COLUMNS = tuple(column.name for column in audit.c if column.name not in {"id", "at", "place", "mac"})
# With labels, because two columns have other names in the database.
_SEGMENTS = select(*(column.label(key) for key, column in audit_segments.c.items()))
_PLACE = (
    update(audit)
    .where(audit.c.id == bindparam("row"), audit.c.place.is_(None))
    .values(place=bindparam("at_place"), mac=bindparam("with_mac"))
)


class SqlAuditChain(EngineAdapter, AuditChain):
    @override
    def newest(self) -> Segment | None:
        query = _SEGMENTS.order_by(audit_segments.c.number.desc()).limit(1)
        row = self._one(query)
        return Segment(**row) if row else None

    @override
    def unchained(self, limit: int) -> Sequence[ChainedRow]:
        query = select(audit).where(audit.c.place.is_(None)).order_by(audit.c.id).limit(limit)
        return [_chained_row(row) for row in self._all(query)]

    @override
    def append(self, segment: Segment, rows: Sequence[ChainedRow]) -> None:
        values = [{"row": each.id, "at_place": each.place, "with_mac": each.mac} for each in rows]
        with self._engine.begin() as connection:
            connection.execute(audit_segments.insert(), [asdict(segment)])
            connection.execute(_PLACE, values)

    @override
    def segments(self, *, after: int, limit: int) -> Sequence[Segment]:
        number = audit_segments.c.number
        query = _SEGMENTS.where(number > after).order_by(number).limit(limit)
        return [Segment(**row) for row in self._all(query)]

    @override
    def rows(self, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        condition = audit.c.place > after if after is not None else audit.c.place.is_not(None)
        query = select(audit).where(condition).order_by(audit.c.place).limit(limit)
        return [_chained_row(row) for row in self._all(query)]

    def chained_count(self) -> int:
        return self._value(select(func.count(audit.c.place))) or 0

    @override
    def unchained_count(self) -> int:
        return self._value(select(func.count()).select_from(audit).where(audit.c.place.is_(None))) or 0

    @override
    def drop(self, upto: Segment, entry: Entry) -> None:
        number = audit_segments.c.number
        with self._engine.begin() as connection:
            connection.execute(delete(audit).where(audit.c.place <= upto.last))
            connection.execute(delete(audit_segments).where(number < upto.number))
            update_last = update(audit_segments).where(number == upto.number)
            connection.execute(update_last.values(key=upto.key, pruned_at=upto.pruned_at, mac=upto.mac))
            connection.execute(ADD, to_row(entry))


class SqlAnchor(EngineAdapter, AnchorStore):
    """The anchor in the database, in a table with one row."""

    @override
    def read(self) -> Anchor | None:
        row = audit_anchor.c
        found = self._one(select(row.segment, row.rows, row.head))
        return Anchor(**found) if found else None

    @override
    def write(self, anchor: Anchor) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                upsert_into(audit_anchor, self._engine.dialect.name), {"id": 1, **asdict(anchor)}
            )


def _chained_row(row: RowMapping) -> ChainedRow:
    values = {name: row[name] for name in _CHAINED_COLUMNS}
    return ChainedRow(row["id"], row["at"], values, row["place"], row["mac"])
