"""A pool of connections that leaves none open when it is replaced."""

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from typing_extensions import override


class ClosingPool(QueuePool):
    """Closes a connection that is returned after `dispose`, which SQLAlchemy leaves to the garbage collector."""

    _is_disposed = False

    @override
    def dispose(self) -> None:
        self._is_disposed = True
        super().dispose()

    @override
    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self._is_disposed:
            record.close()
        else:
            super()._do_return_conn(record)
