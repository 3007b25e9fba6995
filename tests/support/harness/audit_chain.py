"""Verifies the chain of the audit log and tampers with the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from identity.adapters.key_derivation import chain_keys
from identity.adapters.sql.audit_chain import SqlAuditChain
from identity.adapters.sql.engine import open_engine
from identity.domain.audit_chain import ChainKeys
from identity.usecases.audit.verifying import ChainBroken, VerifiedChain, verify
from port_runtime.secret import Secret
from sqlalchemy import text

from tests.support.harness.settings import AUDIT_KEY
from tests.support.harness.system import System


def keys(*secrets: str) -> ChainKeys:
    """Return the keys of a chain, by default the tests' key."""
    found = chain_keys([Secret(each) for each in secrets or (AUDIT_KEY,)])
    assert found is not None
    return found


@contextmanager
def open_chain(system: System) -> Iterator[SqlAuditChain]:
    """Open the log on a separate connection until the block ends."""
    engine = open_engine(system.database_url)
    try:
        yield SqlAuditChain(engine)
    finally:
        engine.dispose()


def verify_chain(system: System, **options: Any) -> VerifiedChain | ChainBroken:
    """Verify the log; return the result or the first error."""
    with open_chain(system) as chain:
        try:
            return verify(chain, options.pop("keys", None) or keys(), **options)
        except ChainBroken as broken:
            return broken


def tamper(system: System, *statements: str) -> None:
    """Change the database like an attacker with its password but without the audit key."""
    engine = open_engine(system.database_url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()
