"""What the repositories have in common. Does not import the object-relational mapper, which the relay does not need."""

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sqlalchemy import Insert

from identity.adapters.sql.fixed_statement import FixedStatement

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Mapped = TypeVar("Mapped")
_ROW_LOCK = {"key_share": True}
"""FOR NO KEY UPDATE: unlike FOR UPDATE, it does not block foreign-key checks of rows that refer to the locked row."""


class Repository:
    def __init__(self, session: "Session") -> None:
        self._session = session


class MappedRepository(Repository, Generic[Mapped]):
    """A repository of objects of a mapped class, found by their primary key."""

    _mapped: type[Mapped]

    def add(self, added: Mapped) -> None:
        self._session.add(added)

    def get(self, key: str) -> Mapped | None:
        return self._session.get(self._mapped, key)

    def locked(self, key: str) -> Mapped | None:
        """Return the object in its current state and lock its row."""
        return self._session.get(self._mapped, key, with_for_update=_ROW_LOCK, populate_existing=True)


class BufferingRepository(Repository):
    """A repository that only adds rows, and buffers them until `write`, at a savepoint or the commit."""

    _add_all: ClassVar[Insert]
    _add_one: ClassVar[FixedStatement]

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._rows: list[dict[str, Any]] = []

    def write(self) -> None:
        """Insert the new rows in one round trip."""
        if self._rows:
            rows, self._rows = self._rows, []
            connection = self._session.connection()
            # For a single row, setting up the driver's pipeline would take longer.
            if len(rows) == 1:
                self._add_one.run(connection, rows[0])
            else:
                connection.execute(self._add_all, rows)
