"""Creates back-channel logouts, and sends them like `identity notify` but at once and on the test's clock."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from identity.adapters.clock import SystemClock
from identity.adapters.sql.backchannel_logouts import SqlLogouts
from identity.bootstrap.notify import build_notify
from identity.domain.grant import EndedGrant
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import ServiceClient
from identity.metrics.notify import NOTIFY
from identity.settings.notify import NotifySettings
from identity.usecases.backchannel_logout import NotifyPorts, clients_due, lease_next, notify_client
from port_runtime.metrics import Instruments
from port_runtime.settings import load
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support.actors.people import unique
from tests.support.harness.system import System


@contextmanager
def notify_ports(system: System, **settings: str) -> Iterator[NotifyPorts]:
    """Build the ports of `identity notify` with the system's settings and these; close them when the block ends."""
    loaded = load(NotifySettings, {**system.environment, **settings})
    dependencies = build_notify(loaded, Instruments(NOTIFY), clock=system.clock)
    try:
        yield dependencies.ports
    finally:
        dependencies.close()


def notify_clients(ports: NotifyPorts) -> int:
    """Try all due logouts; return the number of tries."""
    tries = 0
    for client in clients_due(ports):
        while logout := lease_next(ports, client):
            notify_client(ports, logout)
            tries += 1
    return tries


def logouts(system: System) -> list[Any]:
    """Return the rows of all logouts, delivered or not, oldest first."""
    return system.rows("SELECT * FROM logouts ORDER BY id")


def add_pending_logouts(engine: Engine, client: str, count: int = 1) -> None:
    """Add pending logouts of a client in one transaction, like the end of its grants."""
    ended = [
        EndedGrant(id=str(uuid.uuid4()), client=client, holder_id="", account_id="") for _ in range(count)
    ]
    with Session(engine) as session:
        SqlLogouts(session).add_pending(ended, SystemClock().now())
        session.commit()


def add_client_with_logout_uri(engine: Engine, uri: str, *, redirect_uris: Sequence[str] = ()) -> str:
    """Add a client with back-channel logout, without a running system; return its name."""
    name, now = f"service-{unique()}", SystemClock().now()
    with Session(engine) as session:
        session.add(ServiceClient(name=name, rights=[], digest=None, created_at=now, rotated_at=now))
        session.flush()
        session.add(
            OidcClient(
                name=name,
                display_name=name,
                redirect_uris=list(redirect_uris),
                backchannel_uri=uri,
                scopes=["openid"],
                accepts=["general"],
                updated_at=now,
            )
        )
        session.commit()
    return name
