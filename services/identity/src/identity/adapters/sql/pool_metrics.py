"""The number of pooled connections in use (OPS-4). Not for SQLite, which has no server that limits connections."""

from port_runtime.metrics import Instruments
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from identity.metrics.web import DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_MAX


def observe_pool(engine: Engine, instruments: Instruments, *, pool: str) -> None:
    """Keep the gauge equal to the number of connections in use."""
    if engine.dialect.name == "sqlite":
        return
    used = instruments.gauge(DATABASE_CONNECTIONS).labels(pool)

    def on_checkout(*_arguments: object) -> None:
        used.set(_queue(engine).checkedout())

    def on_checkin(*_arguments: object) -> None:
        # The pool still counts the connection that is being returned.
        used.set(max(_queue(engine).checkedout() - 1, 0))

    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "checkin", on_checkin)


def report_pool_size(engine: Engine, instruments: Instruments, *, pool: str) -> None:
    """Set the gauge of the pool's maximum size. Call it after forking: a gauge belongs to the process that sets it."""
    if engine.dialect.name != "sqlite":
        instruments.gauge(DATABASE_CONNECTIONS_MAX).labels(pool).set(_queue(engine).size())


def _queue(engine: Engine) -> QueuePool:
    assert isinstance(engine.pool, QueuePool)  # noqa: S101  # SQLAlchemy's default, for the type checker
    return engine.pool
