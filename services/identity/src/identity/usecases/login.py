"""Logging in, being known, logging out (LOGIN)."""

from dataclasses import dataclass
from typing import Final, NoReturn

from identity.domain.credential import Credential
from identity.domain.errors import (
    AccountSuspended,
    BadCredentials,
    Busy,
    Locked,
    NotFound,
    NotSignedIn,
    WhileSwitched,
)
from identity.domain.password import normalized
from identity.domain.session import Client, Device, Owner, Session, Standing, device_name
from identity.usecases import auditing
from identity.usecases.ports import MailState, Ports, UnitOfWork
from identity.usecases.proving import forgive, prove_password


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened or turned: what it stands for, and its token, told once, here."""

    token: str
    standing: Standing
    device: Device | None = None


def known_device(ports: Ports, account: Owner) -> Device:
    """Return what makes this browser known to the account from now on (SEC-3)."""
    return Device(device_name(account), ports.tokens.device(account))


_OUTCOMES: Final = {
    BadCredentials: "bad_credentials",
    Locked: "locked",
    AccountSuspended: "suspended",
    Busy: "busy",
}


def log_in(ports: Ports, username: str, *, password: str, client: Client) -> Opened:
    """Open a session (LOGIN-1), and count how it went. Raises BadCredentials, Locked, AccountSuspended, Busy."""
    try:
        opened = _log_in(ports, username, password=password, client=client)
    except (BadCredentials, Locked, AccountSuspended, Busy) as refusal:
        ports.meter.login(_OUTCOMES[type(refusal)])
        raise
    ports.meter.login("opened")
    return opened


def _log_in(ports: Ports, username: str, *, password: str, client: Client) -> Opened:
    credential, keys = prove_password(
        ports, username, password=password, client=client, refusal="session.refused"
    )
    try:
        opened = _open(ports, credential, client, renewed=_renewed_hash(ports, credential, password))
    except BadCredentials:
        auditing.refuse(ports, "session.refused", credential.id, why="bad_credentials")
        raise
    except AccountSuspended:
        forgive(ports.counters, keys)  # the password was right
        auditing.refuse(
            ports, "session.refused", credential.id,
            sparing=f"{credential.id}:suspended", why="account_suspended",
        )  # fmt: skip
        raise
    forgive(ports.counters, keys)  # after the commit: whoever shares the address does not wait for its disk
    return opened


def _open(ports: Ports, credential: Credential, client: Client, *, renewed: str | None) -> Opened:
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
    with ports.unit_of_work() as work:
        if renewed is not None:
            _renew(work, credential, renewed)
        if not work.sessions.open(session, credential_version=credential.credential_version):
            _refuse_changed(work, credential)
        auditing.note(work, ports, "session.opened", credential.id, session_id=session.id)
        work.commit()
    return Opened(token, _standing(ports, session, credential), known_device(ports, credential))


def _renew(work: UnitOfWork, proven: Credential, password_hash: str) -> None:
    """Put a hash of today's parameters in the place of the proven one; a refusal of the login takes it back (SEC-1)."""
    account = work.accounts.locked(proven.id)
    if account is not None:
        account.password_hash = password_hash


def _refuse_changed(work: UnitOfWork, proven: Credential) -> NoReturn:
    """Tell what became of the account since its password was proven. Raises BadCredentials, AccountSuspended."""
    account = work.accounts.get(proven.id)
    if account is None or account.credential_version != proven.credential_version:
        raise BadCredentials
    raise AccountSuspended if account.status == "suspended" else BadCredentials


def _standing(ports: Ports, session: Session, credential: Credential) -> Standing:
    """Return what the session stands for as it is opened, as `identify` will from its token."""
    return Standing(
        session_id=session.id,
        token_digest=session.token_digest,
        account=credential.persona,
        holder=credential.persona,
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


def verification_mail(ports: Ports, standing: Standing) -> MailState | None:
    """Return what became of the verification mail, as long as that is the next step (VER-6)."""
    return (
        ports.reader.verification_mail(standing.holder.id) if standing.next_step == "verify_email" else None
    )


def identify(ports: Ports, token: str) -> Standing:
    """Return what a token stands for, at this moment. Raises NotSignedIn."""
    standing = ports.reader.standing(
        ports.tokens.session_digest(token),
        consents=ports.rules.consents.digest,
        lifetimes=ports.rules.sessions,
        now=ports.clock.now(),
    )
    if standing is None:
        raise NotSignedIn
    return standing


def log_out(ports: Ports, standing: Standing) -> None:
    """End the session at once, with the link account's own while switched: they are one (LOGIN-6)."""
    with ports.unit_of_work() as work:
        work.sessions.end(standing.session_id)
        auditing.note(work, ports, "session.closed", standing.account.id, session_id=standing.session_id)
        work.commit()


def own_sessions(ports: Ports, standing: Standing) -> list[Session]:
    """Return the open sessions a person holds, newest first (LOGIN-7). Raises WhileSwitched."""
    refuse_switched(standing)
    now = ports.clock.now()
    with ports.unit_of_work() as work:
        sessions = work.sessions.of_holder(standing.holder.id)
    return [session for session in sessions if session.ends_at(ports.rules.sessions) > now]


def end_session(ports: Ports, standing: Standing, session_id: str) -> None:
    """End one of one's own sessions (LOGIN-7). Raises WhileSwitched, NotFound."""
    refuse_switched(standing)
    with ports.unit_of_work() as work:
        if not work.sessions.end_of_holder(standing.holder.id, session_id=session_id):
            raise NotFound
        auditing.note(work, ports, "session.ended", standing.holder.id, session_id=session_id)
        work.commit()


def end_other_sessions(ports: Ports, standing: Standing) -> None:
    """End all of one's sessions but this (LOGIN-7). Raises WhileSwitched."""
    refuse_switched(standing)
    with ports.unit_of_work() as work:
        if work.sessions.end_others(standing.holder.id, but=standing.session_id):
            auditing.note(work, ports, "session.others_ended", standing.holder.id)
        work.commit()


def refuse_switched(standing: Standing) -> None:
    """Raise WhileSwitched for what belongs to the general account's own holder (SW-4)."""
    if standing.switched:
        raise WhileSwitched
