"""Logging in, being known, logging out (LOGIN)."""

from dataclasses import dataclass
from typing import Final, NoReturn

from identity.domain.credential import Credential
from identity.domain.errors import (
    AccountSuspended,
    BadCredentials,
    Busy,
    ForbiddenWhileSwitched,
    Locked,
    NotFound,
    NotSignedIn,
)
from identity.domain.password import normalized
from identity.domain.session import ClientInfo, Device, DeviceOwner, Principal, Session, device_name
from identity.usecases.audit import recording
from identity.usecases.ports import MailState, Ports, UnitOfWork
from identity.usecases.steps.authentication import authenticate, clear_failures


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session just opened or turned: what it stands for, and its token, told once, here."""

    token: str
    principal: Principal
    device: Device | None = None


def issue_device(ports: Ports, account: DeviceOwner) -> Device:
    """Return what makes this browser known to the account from now on (SEC-3)."""
    return Device(device_name(account), ports.tokens.device(account))


_OUTCOMES: Final = {
    BadCredentials: "bad_credentials",
    Locked: "locked",
    AccountSuspended: "suspended",
    Busy: "busy",
}


def log_in(ports: Ports, username: str, *, password: str, client: ClientInfo) -> IssuedSession:
    """Open a session (LOGIN-1), and count how it went. Raises BadCredentials, Locked, AccountSuspended, Busy."""
    try:
        opened = _log_in(ports, username, password=password, client=client)
    except (BadCredentials, Locked, AccountSuspended, Busy) as refusal:
        ports.meter.login(_OUTCOMES[type(refusal)])
        raise
    ports.meter.login("opened")
    return opened


def _log_in(ports: Ports, username: str, *, password: str, client: ClientInfo) -> IssuedSession:
    credential, keys = authenticate(
        ports, username, password=password, client=client, refused_action="session.refused"
    )
    try:
        opened = _open(ports, credential, client, renewed=_renewed_hash(ports, credential, password))
    except BadCredentials:
        recording.record_refusal(ports, "session.refused", credential.id, why="bad_credentials")
        raise
    except AccountSuspended:
        clear_failures(ports.counters, keys)  # the password was right
        recording.record_refusal(
            ports, "session.refused", credential.id,
            throttle_key=f"{credential.id}:suspended", why="account_suspended",
        )  # fmt: skip
        raise
    clear_failures(
        ports.counters, keys
    )  # after the commit: whoever shares the address does not wait for its disk
    return opened


def _open(ports: Ports, credential: Credential, client: ClientInfo, *, renewed: str | None) -> IssuedSession:
    now, token, texts = ports.clock.now(), ports.randomness.token(), ports.rules.consents
    session = Session(
        id=ports.randomness.identifier(),
        token_digest=ports.tokens.session_digest(token),
        holder_id=credential.id,
        account_id=credential.id,
        consents=texts.digest if texts.versions <= credential.accepted else "",  # LOGIN-3
        created_at=now,
        seen_at=now,
        expires_at=now + ports.rules.sessions.absolute,
        address=client.address,
        user_agent=client.user_agent,
    )
    with ports.unit_of_work() as uow:
        if renewed is not None:
            _renew(uow, credential, renewed)
        if not uow.sessions.open(session, credential_version=credential.credential_version):
            _raise_changed(uow, credential)
        recording.record(uow, ports, "session.opened", credential.id, session_id=session.id)
        uow.commit()
    return IssuedSession(token, _principal(ports, session, credential), issue_device(ports, credential))


def _renew(uow: UnitOfWork, proven: Credential, password_hash: str) -> None:
    """Put a hash of today's parameters in the place of the proven one; a refusal of the login takes it back (SEC-1)."""
    account = uow.accounts.locked(proven.id)
    if account is not None:
        account.password_hash = password_hash


def _raise_changed(uow: UnitOfWork, proven: Credential) -> NoReturn:
    """Tell what became of the account since its password was proven. Raises BadCredentials, AccountSuspended."""
    account = uow.accounts.get(proven.id)
    if account is None or account.credential_version != proven.credential_version:
        raise BadCredentials
    raise AccountSuspended if account.status == "suspended" else BadCredentials


def _principal(ports: Ports, session: Session, credential: Credential) -> Principal:
    """Return what the session stands for as it is opened, as `identify` will from its token."""
    return Principal(
        session_id=session.id,
        token_digest=session.token_digest,
        account=credential.persona,
        actor=credential.persona,
        binding_id=None,
        consented=session.consents == ports.rules.consents.digest,
        expires_at=session.ends_at(ports.rules.sessions),
    )


def _renewed_hash(ports: Ports, credential: Credential, password: str) -> str | None:
    """Return a new hash where the kept one is of other parameters than today's (SEC-1); no new credential."""
    if not ports.passwords.outdated(credential.password_hash):
        return None
    try:
        return ports.passwords.hash(normalized(password))
    except Busy:
        return None  # the next login will do


def verification_mail(ports: Ports, principal: Principal) -> MailState | None:
    """Return what became of the verification mail, as long as that is the next step (VER-6)."""
    return (
        ports.queries.verification_mail(principal.actor.id) if principal.next_step == "verify_email" else None
    )


def identify(ports: Ports, token: str) -> Principal:
    """Return what a token stands for, at this moment. Raises NotSignedIn."""
    principal = ports.queries.principal(
        ports.tokens.session_digest(token),
        consents=ports.rules.consents.digest,
        lifetimes=ports.rules.sessions,
        now=ports.clock.now(),
    )
    if principal is None:
        raise NotSignedIn
    return principal


def log_out(ports: Ports, principal: Principal) -> None:
    """End the session at once, with the link account's own while switched: they are one (LOGIN-6)."""
    with ports.unit_of_work() as uow:
        uow.sessions.end(principal.session_id)
        recording.record(uow, ports, "session.closed", principal.account.id, session_id=principal.session_id)
        uow.commit()


def own_sessions(ports: Ports, principal: Principal) -> list[Session]:
    """Return the open sessions a person holds, newest first (LOGIN-7). Raises ForbiddenWhileSwitched."""
    require_not_switched(principal)
    now = ports.clock.now()
    with ports.unit_of_work() as uow:
        sessions = uow.sessions.of_holder(principal.actor.id)
    return [session for session in sessions if session.ends_at(ports.rules.sessions) > now]


def end_session(ports: Ports, principal: Principal, session_id: str) -> None:
    """End one of one's own sessions (LOGIN-7). Raises ForbiddenWhileSwitched, NotFound."""
    require_not_switched(principal)
    with ports.unit_of_work() as uow:
        if not uow.sessions.end_of_holder(principal.actor.id, session_id=session_id):
            raise NotFound
        recording.record(uow, ports, "session.ended", principal.actor.id, session_id=session_id)
        uow.commit()


def end_other_sessions(ports: Ports, principal: Principal) -> None:
    """End all of one's sessions but this (LOGIN-7). Raises ForbiddenWhileSwitched."""
    require_not_switched(principal)
    with ports.unit_of_work() as uow:
        if uow.sessions.end_others(principal.actor.id, except_id=principal.session_id):
            recording.record(uow, ports, "session.others_ended", principal.actor.id)
        uow.commit()


def require_not_switched(principal: Principal) -> None:
    """Raise ForbiddenWhileSwitched for what belongs to the general account's own holder (SW-4)."""
    if principal.switched:
        raise ForbiddenWhileSwitched
