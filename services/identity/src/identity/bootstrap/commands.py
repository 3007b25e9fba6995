"""The dependencies of the commands of operators, which use the settings of the web processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from port_runtime.metrics import Instruments
from port_runtime.settings import ErrorCollector
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from identity.adapters.sql.engine import configure_engine, make_engine
from identity.bootstrap.web import build_ports
from identity.domain.audit import Caller
from identity.metrics.web import WEB
from identity.settings.web import WebSettings
from identity.usecases.ports import Ports

_SYSTEM = Caller(kind="system", name="identity")


@contextmanager
def open_dependencies(settings: WebSettings, *, signs: bool = False) -> Iterator[tuple[Ports, Engine]]:
    """Yield a command's ports and the engine for checks of the database; close the connections afterwards.

    With `signs`, read IDENTITY_OIDC_KEYS too. Raises SettingsError.
    """
    engine = make_engine(settings.database_url.reveal(), pooler=settings.has_pooler)
    with ErrorCollector() as collector:
        with collector.step():
            configure_engine(engine)
        with collector.step():
            ports = build_ports(
                settings,
                sessions=sessionmaker(engine, expire_on_commit=False, autoflush=False),
                autocommit=engine.execution_options(isolation_level="AUTOCOMMIT"),
                caller=lambda: _SYSTEM,
                instruments=Instruments(WEB),
                signs=signs,
            )
    try:
        yield ports, engine
    finally:
        engine.dispose()
