"""Operators' list of an account's grants, and the end of a grant (OIDC-25)."""

from collections.abc import Sequence

from identity.domain.errors import NotFound
from identity.domain.open_login import ServiceLogin
from identity.usecases.audit.recording import record_read
from identity.usecases.ports import Ports
from identity.usecases.steps import session_termination
from identity.usecases.steps.account_lookup import get_by_username_or_id


def grants_of(ports: Ports, username_or_id: str) -> Sequence[ServiceLogin]:
    """Return the account's grants that have neither ended nor expired, newest first. Raises NotFound."""
    with ports.unit_of_work() as uow:
        account_id = get_by_username_or_id(uow, username_or_id).id
        found = uow.service_logins.of_account(account_id, uow.clock.now())
    record_read(ports, "account.read", account_id, part="grants")
    return found


def end_grant(ports: Ports, grant_id: str) -> None:
    """End one grant with its children. Raises NotFound if it is unknown or has ended."""
    with ports.unit_of_work() as uow:
        if not session_termination.end_grant(uow, grant_id, "operator"):
            raise NotFound
        uow.commit()
