"""The dependencies of `identity audit`: the chain with its keys, and the stores that record its end."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from port_events.redis_client import connect
from port_runtime.settings import SettingsError

from identity.adapters.audit_anchor import RedisAnchor
from identity.adapters.key_derivation import chain_keys
from identity.adapters.sql.audit_chain import SqlAnchor, SqlAuditChain
from identity.adapters.sql.audit_log import AutocommitAuditLog
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.bootstrap.relay import REDIS_TIMEOUT_SECONDS
from identity.domain.audit_chain import ChainKeys
from identity.settings.relay import ChainSettings, RelaySettings
from identity.usecases.ports.audit import AnchorStore, AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDependencies:
    """The dependencies of the commands; `anchors` includes Redis only if its URL is set."""

    chain: SqlAuditChain
    keys: ChainKeys
    anchors: Sequence[AnchorStore]
    log: AuditLog


@contextmanager
def open_audit(settings: ChainSettings | RelaySettings) -> Iterator[AuditDependencies]:
    """Build the dependencies, and close their connections afterwards. Raises SettingsError."""
    keys = chain_keys(settings.audit_keys)
    if keys is None:
        raise SettingsError(["IDENTITY_AUDIT_KEYS: must be set: without keys, the log is not chained"])
    with ExitStack() as stack:
        engine = open_engine(settings.database_url.reveal())
        stack.callback(engine.dispose)
        anchors: list[AnchorStore] = [SqlAnchor(engine)]
        if settings.redis_url is not None:
            redis = connect(settings.redis_url.reveal(), socket_timeout=REDIS_TIMEOUT_SECONDS)
            stack.callback(redis.close)
            anchors.append(RedisAnchor(redis, settings.event_stream, SqlOutboxReader(engine).epoch))
        yield AuditDependencies(
            chain=SqlAuditChain(engine),
            keys=keys,
            anchors=anchors,
            log=AutocommitAuditLog(engine.execution_options(isolation_level="AUTOCOMMIT")),
        )
