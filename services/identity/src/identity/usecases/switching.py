"""Switches to a bound general account and back (SW)."""

from identity.domain.errors import AlreadySwitched, NotSignedIn, NotSwitched, NotVerified, TooManySwitches
from identity.domain.rate_limits import SWITCHES
from identity.domain.session import Principal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.sessions import IssuedSession, identify
from identity.usecases.steps.unbinding import lock_general, own_binding


def switch(ports: Ports, principal: Principal, binding_id: str) -> IssuedSession:
    """Switch the session to the general account of a verified binding, with a new token; record the use (SW-1).

    Raises AlreadySwitched, NotFound, NotVerified, TooManySwitches, NotSignedIn.
    """
    if principal.switched:
        raise AlreadySwitched
    with ports.unit_of_work() as uow:
        binding = own_binding(uow, principal.actor.id, binding_id)
        general = lock_general(uow, binding)
        if binding.status != "verified" or general.status != "active":
            raise NotVerified
        uow.count([SWITCHES.counter(principal.session_id)], TooManySwitches)
        binding.use(uow.clock.now())
        return _reissue(ports, uow, principal, account_id=general.id, binding_id=binding.id)


def switch_back(ports: Ports, principal: Principal) -> IssuedSession:
    """Switch the session back to the link account, with a new token (SW-3). Raises NotSwitched, NotSignedIn."""
    if not principal.switched:
        raise NotSwitched
    with ports.unit_of_work() as uow:
        return _reissue(ports, uow, principal, account_id=principal.actor.id, binding_id=None)


def _reissue(
    ports: Ports, uow: UnitOfWork, principal: Principal, *, account_id: str, binding_id: str | None
) -> IssuedSession:
    """Replace the session's token and account, and commit. The absolute limit stays (SW-1). Raises NotSignedIn."""
    token = uow.randomness.token()
    digest = uow.tokens.session_digest(token)
    if not uow.sessions.reissue(principal, token_digest=digest, account_id=account_id, binding_id=binding_id):
        raise NotSignedIn
    uow.record_action(
        "session.switched" if binding_id else "session.returned",
        account_id,
        session_id=principal.session_id,
        link_account_id=principal.actor.id,
    )
    uow.commit()
    return IssuedSession(token, identify(ports, token))
