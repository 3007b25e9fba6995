"""Operators' actions on logouts whose clients have not been notified (OIDC-22, OIDC-25)."""

from collections.abc import Callable, Sequence

from identity.domain.backchannel_logout import Logout
from identity.domain.errors import NotFound
from identity.usecases.ports import Ports, UnitOfWork


def unsettled(ports: Ports, *, client: str | None, limit: int) -> Sequence[Logout]:
    """Return the logouts that are pending or were set aside, oldest first."""
    with ports.unit_of_work() as uow:
        return uow.logouts.unsettled(client=client, limit=limit)


def retry(ports: Ports, logout_id: int) -> None:
    """Make an unsettled logout due now, with the full time for its attempts. Raises NotFound."""
    _change(ports, "logout.retried", lambda uow: uow.logouts.retry(logout_id, uow.clock.now()))


def drop(ports: Ports, logout_id: int) -> None:
    """Settle an unsettled logout without notifying its client. Raises NotFound."""
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
