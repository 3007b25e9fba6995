"""The dependencies of `identity notify`: the database, the signing keys and the sender of logouts."""

from dataclasses import dataclass

from port_runtime.health import Check
from port_runtime.metrics import Instruments
from port_runtime.process_metrics import ProcessUsageCollector
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.setting_parsers import PRODUCTION
from port_runtime.settings import ErrorCollector
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from identity.adapters.backchannel_logout_sender import HttpLogoutSender
from identity.adapters.clock import SystemClock
from identity.adapters.commit_listener import CommitListener, commit_listener_for
from identity.adapters.database_collectors import LogoutCollector
from identity.adapters.jose.key_collector import SigningKeyCollector
from identity.adapters.meters import LogoutMetrics
from identity.adapters.randomness import SystemRandomness
from identity.adapters.sql.backchannel_logouts import CHANNEL
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.notify_transaction import SqlNotifyTransaction
from identity.bootstrap.readiness import readiness_checks
from identity.bootstrap.token_signer import token_signer
from identity.domain.audit import Caller
from identity.metrics import BUILD
from identity.settings.notify import NotifySettings
from identity.usecases.backchannel_logout import NotifyPorts
from identity.usecases.ports.clock import Clock

_SQLITE_POLL_SECONDS = 0.1
_CALLER = Caller(kind="system", name="notify")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyDependencies:
    """The dependencies of the process and of its metrics and health port."""

    engine: Engine
    ports: NotifyPorts
    listener: CommitListener
    collector: ScrapeCollector

    @property
    def checks(self) -> list[Check]:
        return readiness_checks(self.engine)

    def close(self) -> None:
        self.listener.close()
        self.engine.dispose()


def build_notify(
    settings: NotifySettings, instruments: Instruments, *, clock: Clock | None = None
) -> NotifyDependencies:
    """Return the dependencies without connecting to a server. Raises SettingsError."""
    clock = clock or SystemClock()
    with ErrorCollector() as collector:
        with collector.step():
            engine = open_engine(settings.database_url.reveal(), pool_size=5)
        with collector.step():
            signer = token_signer(settings.oidc_keys, clock)
    sessions = sessionmaker(engine, expire_on_commit=False, autoflush=False)
    return NotifyDependencies(
        engine=engine,
        ports=NotifyPorts(
            transaction=lambda: SqlNotifyTransaction(sessions, clock=clock, caller=_CALLER),
            signer=signer,
            sender=HttpLogoutSender(https_only=settings.mode == PRODUCTION),
            meter=LogoutMetrics(instruments),
            clock=clock,
            randomness=SystemRandomness(),
            issuer=settings.public_url,
        ),
        listener=commit_listener_for(engine, CHANNEL, poll_seconds=_SQLITE_POLL_SECONDS),
        collector=ScrapeCollector(
            LogoutCollector(engine).collect,
            SigningKeyCollector(signer).collect,
            ProcessUsageCollector(BUILD, "identity").collect,
        ),
    )
