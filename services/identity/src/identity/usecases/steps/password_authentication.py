"""Verification of passwords: for a login, for a binding, and of a logged-in person (LOGIN-1, BIND-3, SEC-19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from identity.domain.account import Account
from identity.domain.credential import Credential, DeviceOwner
from identity.domain.errors import (
    BadCredentials,
    BadPassword,
    Busy,
    Locked,
    ReviewRejected,
    SessionEnded,
    TooManyChecks,
)
from identity.domain.password_policy import normalized
from identity.domain.rate_limits import (
    LOGIN_ACCOUNT,
    LOGIN_DEVICE,
    PASSWORD_CHECK,
    PASSWORD_PROOFS,
    Counter,
    CounterState,
    counters_by_network,
)
from identity.domain.session import ClientInfo, device_name
from identity.domain.username import username_key
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports
from identity.usecases.steps import session_termination

MAX_USERNAME_KEY = 64
"""Submitted usernames are truncated to this number of characters; valid usernames are shorter."""


@dataclass(frozen=True, slots=True)
class Attempt:
    own: Counter
    """The counter of the username, or of the account's known browser."""
    networks: Sequence[Counter]
    """The counters of the client address, the narrowest network first; none for a known browser."""


def authenticate(
    ports: Ports, username: str, *, password: str, client: ClientInfo, refused_action: str
) -> tuple[Credential, Attempt]:
    """Verify a password; return the credential, and the counted attempt for `clear_failures`.

    The account need not be active. Counting first gives parallel guesses no advantage. An unknown username takes the
    same work as a known one (LOGIN-1). Refusals other than Busy are audited as `refused_action`, without the username,
    which may be a password typed into the wrong field.
    Raises BadCredentials, ReviewRejected, Locked, Busy.
    """
    key = username_key(username)[:MAX_USERNAME_KEY]
    credential, rejection = ports.queries.credential(key, ports.clock.now())
    if credential is not None and credential.has_lapsed(ports.clock.now()):
        credential = None
    account_id = credential.id if credential else None
    attempt = _attempt(ports, key, credential, client)
    own, wait_seconds, address_locked = _count(ports, attempt)
    if wait_seconds:
        # A locked address can send any number of usernames at no cost, so its key does not include the username.
        throttle_key = client.networks[-1] if address_locked else f"{key}:{client.networks[0]}"
        record_refusal(ports, refused_action, account_id, throttle_key=throttle_key, why="locked")
        raise Locked(wait_seconds)
    if credential is not None:
        rejection = None
    try:
        matches = ports.passwords.verify(
            owner.password_hash if (owner := credential or rejection) else None, normalized(password)
        )
    except Busy:  # the password was not compared
        for counter in (attempt.own, *attempt.networks):
            ports.counters.decrement([counter])
        raise
    if rejection is not None and matches:
        record_refusal(ports, refused_action, rejection.account_id, why="review_rejected")
        clear_failures(ports, attempt)
        raise ReviewRejected(rejection.reason)
    if credential is None or not matches:
        record_refusal(ports, refused_action, account_id, why="bad_credentials")
        raise BadCredentials(own.left)
    return credential, attempt


def known_device(ports: Ports, client: ClientInfo, owner: DeviceOwner | None) -> str | None:
    """Return the id in the browser's valid device cookie for the account, or None (SEC-3)."""
    return ports.tokens.device_id(client.devices.get(device_name(owner.id)), owner) if owner else None


def _attempt(ports: Ports, key: str, owner: DeviceOwner | None, client: ClientInfo) -> Attempt:
    # A known browser has a counter of its own, which others cannot fill (SEC-3).
    device = known_device(ports, client, owner)
    if owner and device:
        return Attempt(LOGIN_DEVICE.counter(owner.id, device), [])
    limit = ports.rules.login_failures_by_client_address
    return Attempt(LOGIN_ACCOUNT.counter(key), counters_by_network(limit, client.networks))


def _count(ports: Ports, attempt: Attempt) -> tuple[CounterState, int, bool]:
    """Return the state of `attempt.own`, the seconds to wait (0 if not locked), and whether the address is locked.

    Attempts from a locked address do not count against the account, and create no counters for invented usernames.
    """
    now = ports.clock.now()
    state, shared = ports.counters.increment_within(attempt.own, attempt.networks, now)
    if any(each.exceeded for each in shared):
        if state is not None:  # concurrent attempts filled the shared counter
            ports.counters.decrement([attempt.own])
        (state,) = ports.counters.peek([attempt.own], now)
        waits = [each.wait_seconds(now) for each in (state, *shared) if each.is_full(now)]
        return state, max(waits), True
    if state is None:  # the shared counter was full, and concurrent logins have just lowered it
        (state,) = ports.counters.increment([attempt.own], now)
    return state, state.wait_seconds(now) if state.exceeded else 0, False


def clear_failures(ports: Ports, attempt: Attempt) -> None:
    """Reset the attempt's own counter, and subtract the attempt from the counters of its networks."""
    ports.counters.clear_failures(attempt.own, attempt.networks)


def verify_current_password(ports: Ports, account: Account, *, password: str, session_id: str) -> None:
    """Verify the current password of a logged-in person; too many failures end the session (SEC-19).

    Failures are counted by session and correct passwords by account, separately from logins, so that a stolen session
    cannot lock its owner out.
    Raises BadPassword, SessionEnded, TooManyChecks, Busy.
    """
    now = ports.clock.now()
    by_session, by_account = PASSWORD_CHECK.counter(session_id), PASSWORD_PROOFS.counter(account.id)
    failures, proofs = ports.counters.increment([by_session, by_account], now)
    if failures.exceeded:  # concurrent attempts reached the limit first
        ports.counters.decrement([by_account])
        _end_session(ports, account, session_id)
    if proofs.exceeded:
        ports.counters.decrement([by_session])
        record_refusal(ports, "password.refused", account.id, throttle_key=account.id, why="locked")
        raise TooManyChecks(proofs.wait_seconds(now))
    try:
        matches = ports.passwords.verify(account.password_hash, normalized(password))
    except Busy:
        for counter in (by_session, by_account):
            ports.counters.decrement([counter])
        raise
    if matches:
        ports.counters.clear([by_session])
        return
    ports.counters.decrement([by_account])
    record_refusal(ports, "password.refused", account.id, why="bad_password")
    if failures.is_full(now):
        _end_session(ports, account, session_id)
    raise BadPassword(failures.left)


def _end_session(ports: Ports, account: Account, session_id: str) -> NoReturn:
    with ports.unit_of_work() as uow:
        session_termination.end_session(uow, session_id, "session_ended", holder_id=None)
        uow.record_action("session.ended", account.id, session_id=session_id, why="password")
        uow.commit()
    raise SessionEnded
