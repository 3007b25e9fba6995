"""Logging in, being known, logging out (LOGIN)."""

from dataclasses import dataclass
from typing import Final

from identity.domain.account import Account
from identity.domain.errors import (
    AccountSuspended,
    BadCredentials,
    Busy,
    Locked,
    NotFound,
    NotSignedIn,
    WhileSwitched,
)
from identity.domain.limits import LOGIN_ACCOUNT, LOGIN_DEVICE, Count
from identity.domain.password import normalized
from identity.domain.person import username_key
from identity.domain.session import Client, Device, Session, Standing, device_name
from identity.usecases import auditing
from identity.usecases.ports import MailState, Ports, UnitOfWork
from identity.usecases.repositories import Counters


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened or turned: its token is told once, here."""

    token: str
    device: Device | None = None


def known_device(ports: Ports, account: Account) -> Device:
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
    account, keys = prove_password(
        ports, username, password=password, client=client, refusal="session.refused"
    )
    try:
        opened = _open(ports, account, client, renewed=_renewed_hash(ports, account, password))
    except AccountSuspended:
        forgive(ports.counters, keys)  # the password was right
        auditing.refuse(
            ports, "session.refused", account.id, sparing=f"{account.id}:suspended", why="account_suspended"
        )
        raise
    forgive(ports.counters, keys)  # after the commit: whoever shares the address does not wait for its disk
    return opened


def _open(ports: Ports, account: Account, client: Client, *, renewed: str | None) -> Opened:
    now = ports.clock.now()
    token = ports.randomness.token()
    with ports.unit_of_work() as work:
        _refuse_changed(work, account, renewed)
        session = Session(
            id=ports.randomness.identifier(),
            token_digest=ports.tokens.session_digest(token),
            holder_id=account.id,
            account_id=account.id,
            consents=_consents(work, ports, account),
            created_at=now,
            seen_at=now,
            expires_at=now + ports.rules.sessions.absolute,
            address=client.address,
            user_agent=client.user_agent,
        )
        work.sessions.add(session)
        auditing.note(work, ports, "session.opened", account.id, session_id=session.id)
        work.commit()
    return Opened(token, known_device(ports, account))


def _refuse_changed(work: UnitOfWork, proven: Account, renewed: str | None) -> None:
    """Hold the account as it was when its password was proven, or refuse: a change of it ends its sessions.

    Puts the renewed hash in place, which needs the row for itself. Raises BadCredentials, AccountSuspended.
    """
    account = work.accounts.locked(proven.id) if renewed else work.accounts.shared(proven.id)
    if account is None or account.closed_at is not None:
        raise BadCredentials
    if account.credential_version != proven.credential_version:
        raise BadCredentials
    if account.suspended_at is not None:
        raise AccountSuspended
    if renewed is not None:
        account.password_hash = renewed


def _consents(work: UnitOfWork, ports: Ports, account: Account) -> str:
    """Return the digest a session carries when its holder accepted the texts in force (LOGIN-3)."""
    texts = ports.rules.consents
    return texts.digest if texts.versions <= work.consents.accepted(account.id) else ""


def _renewed_hash(ports: Ports, account: Account, password: str) -> str | None:
    """Return a new hash where the kept one is of other parameters than today's (SEC-1); no new credential."""
    if not ports.passwords.outdated(account.password_hash):
        return None
    try:
        return ports.passwords.hash(normalized(password))
    except Busy:
        return None  # the next login will do


def prove_password(
    ports: Ports, username: str, *, password: str, client: Client, refusal: str
) -> tuple[Account, list[str]]:
    """Return the open account whose password this is, and the counters that were raised for the attempt.

    Each attempt is counted before it is judged, so that parallel guesses gain nothing; `forgive` takes it back.
    An unknown name does the same work (LOGIN-1), and is written down alike: as the action that `refusal` names,
    without the name, which may be a password in the wrong field. Raises BadCredentials, Locked, Busy.
    """
    now = ports.clock.now()
    key = username_key(username)[:64]
    account = ports.reader.by_username(key)
    if account is not None and account.has_lapsed(now):
        account = None
    try:
        keys = _count(ports, key, account, client)
    except Locked:
        auditing.refuse(ports, refusal, _id_of(account), sparing=f"{key}:{client.network}", why="locked")
        raise
    try:
        right = ports.passwords.verify(account.password_hash if account else None, normalized(password))
    except Busy:
        for raised in keys:  # nothing was judged
            ports.counters.give_back([raised])
        raise
    if account is None or not right:
        auditing.refuse(ports, refusal, _id_of(account), why="bad_credentials")
        raise BadCredentials
    return account, keys


def _id_of(account: Account | None) -> str | None:
    return account.id if account else None


def _count(ports: Ports, key: str, account: Account | None, client: Client) -> list[str]:
    now = ports.clock.now()
    device = ports.tokens.device_key(client.devices.get(device_name(account)), account) if account else None
    own = (LOGIN_DEVICE, LOGIN_DEVICE.key(device)) if device else (LOGIN_ACCOUNT, LOGIN_ACCOUNT.key(key))
    by_address = ports.rules.login_failures_by_address
    counts = ports.counters.take([own, (by_address, by_address.key(client.network))], now)
    _check(ports, counts, own[1])
    return [own[1], by_address.key(client.network)]


def _check(ports: Ports, counts: list[Count], own: str) -> None:
    now = ports.clock.now()
    waits = [count.wait_seconds(now) for count in counts if count.exceeded]
    if not waits:
        return
    if not counts[0].exceeded:  # the address is over its share: the attempt was not one on the account
        ports.counters.give_back([own])
    raise Locked(max(waits))


def forgive(counters: Counters, keys: list[str]) -> None:
    """Take back what an attempt with the right password raised: the account's failures, the address' one."""
    own, by_address = keys
    counters.forgive(own, shared=by_address)


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
        work.sessions.end_others(standing.holder.id, but=standing.session_id)
        auditing.note(work, ports, "session.others_ended", standing.holder.id)
        work.commit()


def refuse_switched(standing: Standing) -> None:
    """Raise WhileSwitched for what belongs to the general account's own holder (SW-4)."""
    if standing.switched:
        raise WhileSwitched
