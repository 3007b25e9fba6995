"""Operators' actions on logouts of which a client was not notified (OIDC-22, OIDC-25)."""

from collections.abc import Callable, Sequence

from identity.domain.errors import NotFound
from identity.domain.logout import Logout
from identity.usecases.ports import Ports, UnitOfWork


def unsettled(ports: Ports, *, client: str | None, limit: int) -> Sequence[Logout]:
    """Return what waits and what was set aside, oldest first."""
    with ports.unit_of_work() as uow:
        return uow.logouts.unsettled(client=client, limit=limit)


def retry(ports: Ports, logout_id: int) -> None:
    """Owe a logout anew, with the whole time for its tries. Raises NotFound."""
    _change(ports, "logout.retried", lambda uow: uow.logouts.retry(logout_id, uow.clock.now()))


def drop(ports: Ports, logout_id: int) -> None:
    """Give a logout up: its client is not notified. Raises NotFound."""
    _change(ports, "logout.dropped", lambda uow: uow.logouts.drop(logout_id, uow.clock.now()))


def _change(ports: Ports, action: str, change: Callable[[UnitOfWork], Logout | None]) -> None:
    with ports.unit_of_work() as uow:
        logout = change(uow)
        if logout is None:
            raise NotFound
        uow.record_action(
            action, logout.sub, client=logout.client, grant_id=logout.grant_id, logout_id=logout.id
        )
        uow.commit()
