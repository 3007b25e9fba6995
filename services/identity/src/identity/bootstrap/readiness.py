"""The readiness checks of each process; while one fails, /readyz answers 503 (OPS-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from port_runtime.health import Check

from identity.adapters.sql.engine import database_probe

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from identity.adapters.redis_stream import RedisStream


def readiness_checks(engine: Engine, stream: RedisStream | None = None) -> list[Check]:
    """Return the checks of a process: the database, and with `stream` Redis.

    The clients of `identity notify` are not checked, because one client's failure does not affect the others.
    """
    checks = [Check("database", database_probe(engine))]
    if stream is not None:
        checks.append(Check("redis", stream.check_writable))
    return checks
