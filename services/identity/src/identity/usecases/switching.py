"""Going on as a bound general account, and back (SW)."""

from identity.domain.errors import AlreadySwitched, NotFound, NotSignedIn, NotSwitched, NotVerified
from identity.domain.session import Principal
from identity.usecases.audit import recording
from identity.usecases.login import IssuedSession, identify
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.unbinding import lock_general


def switch(ports: Ports, principal: Principal, binding_id: str) -> IssuedSession:
    """Go on as the general account of a verified binding, with a new token (SW-1).

    Raises AlreadySwitched, NotFound, NotVerified, NotSignedIn.
    """
    if principal.switched:
        raise AlreadySwitched
    with ports.unit_of_work() as uow:
        binding = uow.bindings.get(binding_id)
        if binding is None or binding.link_account_id != principal.actor.id:
            raise NotFound
        general = lock_general(uow, binding)
        if binding.status != "verified" or general.status != "active":
            raise NotVerified
        return _turn(uow, ports, principal, account_id=general.id, binding_id=binding.id)


def switch_back(ports: Ports, principal: Principal) -> IssuedSession:
    """Go back to the link account, with a new token (SW-3). Raises NotSwitched, NotSignedIn."""
    if not principal.switched:
        raise NotSwitched
    with ports.unit_of_work() as uow:
        return _turn(uow, ports, principal, account_id=principal.actor.id, binding_id=None)


def _turn(
    uow: UnitOfWork, ports: Ports, principal: Principal, *, account_id: str, binding_id: str | None
) -> IssuedSession:
    """Change token and persona alone: the absolute limit keeps running (SEC-7)."""
    token = ports.randomness.token()
    digest = ports.tokens.session_digest(token)
    if not uow.sessions.reissue(principal, token_digest=digest, account_id=account_id, binding_id=binding_id):
        raise NotSignedIn
    action = "session.switched" if binding_id else "session.returned"
    recording.record(
        uow, ports, action, account_id, session_id=principal.session_id, link_account_id=principal.actor.id
    )
    uow.commit()
    return IssuedSession(token, identify(ports, token))
