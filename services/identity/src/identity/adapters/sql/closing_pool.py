"""A pool of connections that leaves none open when it is replaced."""

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from typing_extensions import override


class ClosingPool(QueuePool):
    """Closes a connection that is returned after `dispose`, which SQLAlchemy leaves to the garbage collector."""

    _is_disposed = False
    _sqla_logger_namespace = "sqlalchemy.pool.impl.QueuePool"
    """Otherwise the pool's own messages would be those of this package, and logged."""

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
