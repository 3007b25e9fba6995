"""Going on as a bound general account, and back (SW)."""

from identity.domain.errors import AlreadySwitched, NotFound, NotSignedIn, NotSwitched, NotVerified
from identity.domain.session import Standing
from identity.usecases import auditing
from identity.usecases.login import Opened, identify
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.unbinding import lock_general


def switch(ports: Ports, standing: Standing, binding_id: str) -> Opened:
    """Go on as the general account of a verified binding, with a new token (SW-1).

    Raises AlreadySwitched, NotFound, NotVerified, NotSignedIn.
    """
    if standing.switched:
        raise AlreadySwitched
    with ports.unit_of_work() as work:
        binding = work.bindings.get(binding_id)
        if binding is None or binding.link_account_id != standing.holder.id:
            raise NotFound
        general = lock_general(work, binding)
        if binding.status != "verified" or general.status != "active":
            raise NotVerified
        return _turn(work, ports, standing, account_id=general.id, binding_id=binding.id)


def switch_back(ports: Ports, standing: Standing) -> Opened:
    """Go back to the link account, with a new token (SW-3). Raises NotSwitched, NotSignedIn."""
    if not standing.switched:
        raise NotSwitched
    with ports.unit_of_work() as work:
        return _turn(work, ports, standing, account_id=standing.holder.id, binding_id=None)


def _turn(
    work: UnitOfWork, ports: Ports, standing: Standing, *, account_id: str, binding_id: str | None
) -> Opened:
    """Change token and persona alone: the absolute limit keeps running (SEC-7)."""
    token = ports.randomness.token()
    digest = ports.tokens.session_digest(token)
    if not work.sessions.turn(standing, token_digest=digest, account_id=account_id, binding_id=binding_id):
        raise NotSignedIn
    action = "session.switched" if binding_id else "session.returned"
    auditing.note(
        work, ports, action, account_id, session_id=standing.session_id, link_account_id=standing.holder.id
    )
    work.commit()
    return Opened(token, identify(ports, token))
