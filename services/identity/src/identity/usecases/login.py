"""Login by username and password (LOGIN-1)."""

from collections.abc import Mapping
from typing import Final, NoReturn

from identity.domain.audit import Entry
from identity.domain.credential import Credential
from identity.domain.errors import AccountSuspended, BadCredentials, Busy, Locked, Refusal, ReviewRejected
from identity.domain.password_policy import normalized
from identity.domain.session import MAX_SESSIONS, ClientInfo, Principal, Session
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.sessions import IssuedSession, issue_device
from identity.usecases.steps import session_termination
from identity.usecases.steps.password_authentication import authenticate, clear_failures

_OUTCOMES: Final[Mapping[type[Refusal], str]] = {
    BadCredentials: "bad_credentials",
    Locked: "locked",
    AccountSuspended: "suspended",
    ReviewRejected: "rejected",
    Busy: "busy",
}


def log_in(ports: Ports, username: str, *, password: str, client: ClientInfo) -> IssuedSession:
    """Open a session, and count the outcome in the metrics.

    Also stores a new hash if the password's hash has outdated parameters (SEC-1), and ends the oldest sessions beyond
    MAX_SESSIONS. Raises BadCredentials, Locked, AccountSuspended, ReviewRejected, Busy.
    """
    try:
        issued = _log_in(ports, username, password=password, client=client)
    except tuple(_OUTCOMES) as refusal:
        ports.meter.login(_OUTCOMES[type(refusal)])
        raise
    ports.meter.login("opened")
    return issued


def _log_in(ports: Ports, username: str, *, password: str, client: ClientInfo) -> IssuedSession:
    credential, attempt = authenticate(
        ports, username, password=password, client=client, refused_action="session.refused"
    )
    new_hash = _rehash_outdated(ports, credential, password)
    try:
        issued = _open(ports, credential, client, new_hash=new_hash)
    except BadCredentials:
        record_refusal(ports, "session.refused", credential.id, why="bad_credentials")
        raise
    except AccountSuspended:
        clear_failures(ports, attempt)  # the password was correct
        throttle_key = f"{credential.id}:suspended"
        record_refusal(
            ports, "session.refused", credential.id, throttle_key=throttle_key, why="account_suspended"
        )
        raise
    # After the commit, so that other logins from the address do not wait for the disk.
    clear_failures(ports, attempt)
    return issued


def _open(ports: Ports, credential: Credential, client: ClientInfo, *, new_hash: str | None) -> IssuedSession:
    now, token, texts = ports.clock.now(), ports.randomness.token(), ports.rules.consents
    session = Session(
        id=ports.randomness.identifier(),
        token_digest=ports.tokens.session_digest(token),
        holder_id=credential.id,
        account_id=credential.id,
        # A person accepts each version of the texts only once (LOGIN-3).
        consents=texts.digest if texts.versions <= credential.accepted else "",
        created_at=now,
        seen_at=now,
        expires_at=now + ports.rules.sessions.absolute,
        address=client.address,
        user_agent=client.user_agent,
    )
    if new_hash is not None or not _open_at_once(ports, session, credential):
        _open_in_transaction(ports, session, credential, new_hash=new_hash)
    return IssuedSession(token, _principal(ports, session, credential), issue_device(ports, credential))


def _open_at_once(ports: Ports, session: Session, credential: Credential) -> bool:
    """Open a session with a single statement; return False if a transaction must open or refuse it."""
    detail, now = {"session_id": session.id}, session.created_at
    return ports.session_creation.open(
        session,
        Entry.of("session.opened", credential.id, detail, caller=ports.caller(), at=now),
        credential_version=credential.credential_version,
        idle_since=now - ports.rules.sessions.idle,
    )


def _open_in_transaction(
    ports: Ports, session: Session, credential: Credential, *, new_hash: str | None
) -> None:
    with ports.unit_of_work() as uow:
        if new_hash is not None:
            account = uow.accounts.locked(credential.id)
            if account is not None:
                account.password_hash = new_hash  # rolled back if the login is refused
        if not uow.sessions.open(session, credential_version=credential.credential_version):
            _refuse(uow, credential)
        uow.record_action("session.opened", credential.id, session_id=session.id)
        _end_oldest(uow, session)
        uow.commit()


def _end_oldest(uow: UnitOfWork, newest: Session) -> None:
    for session_id in session_termination.end_oldest_sessions(uow, newest, keep=MAX_SESSIONS):
        uow.record_action("session.ended", newest.holder_id, session_id=session_id, why="too_many")


def _refuse(uow: UnitOfWork, credential: Credential) -> NoReturn:
    """Refuse a suspended account, or one that was closed or whose password changed during the login.

    Raises BadCredentials, AccountSuspended.
    """
    account = uow.accounts.get(credential.id)
    if account is None or account.credential_version != credential.credential_version:
        raise BadCredentials
    raise AccountSuspended if account.status == "suspended" else BadCredentials


def _principal(ports: Ports, session: Session, credential: Credential) -> Principal:
    """Return what `identify` would return for the new session, without a query."""
    return Principal(
        session_id=session.id,
        token_digest=session.token_digest,
        account=credential.summary,
        actor=credential.summary,
        binding_id=None,
        consented=session.consents == ports.rules.consents.digest,
        expires_at=session.ends_at(ports.rules.sessions),
    )


def _rehash_outdated(ports: Ports, credential: Credential, password: str) -> str | None:
    """Return a new hash if the stored hash has outdated parameters, otherwise None (SEC-1)."""
    if not ports.passwords.outdated(credential.password_hash):
        return None
    try:
        return ports.passwords.hash(normalized(password))
    except Busy:
        return None  # the next login tries again
