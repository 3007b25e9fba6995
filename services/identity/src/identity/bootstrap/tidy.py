"""The dependencies of `identity tidy`: the few ports and rules that the cleanup uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import timedelta
from typing import Any, NoReturn

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from identity.adapters.clock import SystemClock
from identity.adapters.randomness import SystemRandomness
from identity.adapters.sql.engine import configure_engine, make_engine
from identity.adapters.sql.unit_of_work import SqlUnitOfWork
from identity.domain.audit import Caller
from identity.domain.session import Lifetimes
from identity.settings.tidy import TidySettings
from identity.usecases.ports import Ports, Rules

_CALLER = Caller(kind="system", name="tidy")


class _Absent:
    """A placeholder for a port or a rule that the cleanup does not use. Reading an attribute raises AttributeError."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"`identity tidy` has no settings for {name}")


@contextmanager
def open_tidy(settings: TidySettings) -> Iterator[tuple[Ports, Engine]]:
    """Yield the ports, and the engine for work outside use cases. Raises SettingsError."""
    engine = make_engine(settings.database_url.reveal(), pooler=settings.has_pooler)
    configure_engine(engine)
    sessions = sessionmaker(engine, expire_on_commit=False, autoflush=False)
    ports = Ports(
        **_absent(Ports)
        | {
            "transaction": lambda ports: SqlUnitOfWork(ports, sessions),
            "caller": lambda: _CALLER,
            "clock": SystemClock(),
            "randomness": SystemRandomness(),
            "rules": _rules(settings),
        }
    )
    try:
        yield ports, engine
    finally:
        engine.dispose()


def _rules(settings: TidySettings) -> Rules:
    idle = timedelta(seconds=settings.session_idle)
    return Rules(
        **_absent(Rules)
        | {
            "sessions": Lifetimes(idle=idle, absolute=idle),  # the cleanup does not use the absolute lifetime
            "feed_retention": timedelta(seconds=settings.feed_kept),
        }
    )


def _absent(of: type) -> dict[str, Any]:
    return {field.name: _Absent() for field in fields(of)}
