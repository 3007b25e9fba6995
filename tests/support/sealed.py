"""The audit log's chain, as the relay and who verifies it see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from identity.adapters.sql.audit_chain import SqlChain
from identity.adapters.sql.engine import open_engine
from identity.adapters.tokens import seal_keys
from identity.domain.chain import SealKeys
from identity.usecases.audit_verification import Broken, Verified, verify
from port_runtime.secret import Secret
from sqlalchemy import text

from tests.support.system import AUDIT_KEY, System


def keys(*secrets: str) -> SealKeys:
    """Return the keys of a chain."""
    found = seal_keys([Secret(each) for each in secrets or (AUDIT_KEY,)])
    assert found is not None
    return found


@contextmanager
def chain_of(system: System) -> Iterator[SqlChain]:
    """Open the log on a connection of its own."""
    engine = open_engine(system.database_url)
    try:
        yield SqlChain(engine)
    finally:
        engine.dispose()


def verdict(system: System, **options: Any) -> Verified | Broken:
    """Return what holds, or where it breaks first."""
    with chain_of(system) as chain:
        try:
            return verify(chain, options.pop("keys", None) or keys(), **options)
        except Broken as broken:
            return broken


def tamper(system: System, *statements: str) -> None:
    """Change the database as somebody does who has its password, but not the key."""
    engine = open_engine(system.database_url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()
