"""Open sessions: identification by token, logout, list and end of sessions (LOGIN-6, LOGIN-7)."""

from dataclasses import dataclass

from identity.domain.credential import DeviceOwner
from identity.domain.errors import NotFound, NotSignedIn
from identity.domain.open_login import OpenLogin, open_logins
from identity.domain.registration_rejection import Rejection
from identity.domain.session import Device, Principal, device_name
from identity.usecases.ports import Ports
from identity.usecases.steps import session_termination


@dataclass(frozen=True, slots=True)
class IssuedSession:
    token: str
    """The session's new token. Only its hash is stored (SEC-7)."""
    principal: Principal
    device: Device | None = None
    """The cookie of `issue_device` after a login; None after a switch."""


def issue_device(ports: Ports, account: DeviceOwner) -> Device:
    """Return a cookie by which the account recognizes this browser (SEC-3)."""
    return Device(device_name(account.id), ports.tokens.device(account))


def identify(ports: Ports, token: str) -> Principal:
    """Return the principal of a session's token, and record the session's use. Raises NotSignedIn."""
    principal = ports.queries.principal(
        ports.tokens.session_digest(token),
        consents=ports.rules.consents.digest,
        lifetimes=ports.rules.sessions,
        now=ports.clock.now(),
    )
    if principal is None:
        raise NotSignedIn
    return principal


def rejection_of(ports: Ports, token: str) -> Rejection | None:
    """Return the rejection of the account that opened a session, or None (REV-3)."""
    return ports.queries.rejection_of_session(ports.tokens.session_digest(token), ports.clock.now())


def log_out(ports: Ports, principal: Principal) -> None:
    """End the session with its grants, even if it is switched (LOGIN-6)."""
    with ports.unit_of_work() as uow:
        session_termination.end_session(uow, principal.session_id, "logout", holder_id=None)
        uow.record_action("session.closed", principal.account.id, session_id=principal.session_id)
        uow.commit()


def replace(ports: Ports, former: Principal, principal: Principal) -> None:
    """End the browser's session from before this login. If it is the same person's, its grants continue (OIDC-5)."""
    if former.actor.id != principal.actor.id:
        log_out(ports, former)
        return
    with ports.unit_of_work() as uow:
        session_termination.replace_session(uow, former.session_id, principal.session_id)
        uow.record_action("session.closed", former.account.id, session_id=former.session_id)
        uow.commit()


def own_logins(ports: Ports, principal: Principal) -> list[OpenLogin]:
    """Return the person's open logins (LOGIN-7, OIDC-24). Raises ForbiddenWhileSwitched."""
    principal.require_not_switched()
    now = ports.clock.now()
    with ports.unit_of_work() as uow:
        sessions = uow.sessions.of_holder(principal.actor.id)
        services = uow.service_logins.of_holder(principal.actor.id, now)
    return open_logins(sessions, services, lifetimes=ports.rules.sessions, now=now)


def end_session(ports: Ports, principal: Principal, session_id: str) -> None:
    """End one of the person's sessions with its grants (LOGIN-7). Raises ForbiddenWhileSwitched, NotFound."""
    principal.require_not_switched()
    with ports.unit_of_work() as uow:
        holder_id = principal.actor.id
        if not session_termination.end_session(uow, session_id, "session_ended", holder_id=holder_id):
            raise NotFound
        uow.record_action("session.ended", holder_id, session_id=session_id)
        uow.commit()


def end_service(ports: Ports, principal: Principal, session_id: str, grant_id: str) -> None:
    """End the person's login at one service (OIDC-24). Raises ForbiddenWhileSwitched, NotFound."""
    principal.require_not_switched()
    with ports.unit_of_work() as uow:
        grant = uow.grants.get(grant_id)
        if grant is None or (grant.holder_id, grant.session_id) != (principal.actor.id, session_id):
            raise NotFound
        if not session_termination.end_grant(uow, grant_id, "session_ended"):
            raise NotFound
        uow.commit()


def end_other_sessions(ports: Ports, principal: Principal) -> None:
    """End all of the person's sessions and grants but the current session's (LOGIN-7).

    Raises ForbiddenWhileSwitched.
    """
    principal.require_not_switched()
    with ports.unit_of_work() as uow:
        if session_termination.end_other_sessions(uow, principal.actor.id, except_id=principal.session_id):
            uow.record_action("session.others_ended", principal.actor.id)
        uow.commit()
