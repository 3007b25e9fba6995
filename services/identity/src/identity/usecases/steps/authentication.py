"""Password checks. Every attempt is counted before the password is compared (LOGIN-1, SEC-3)."""

from identity.domain.account import Account
from identity.domain.credential import Credential
from identity.domain.errors import BadCredentials, BadPassword, Busy, Locked, PasswordLocked
from identity.domain.password_policy import normalized
from identity.domain.rate_limits import LOGIN_ACCOUNT, LOGIN_DEVICE, PASSWORD_CHECK, Limit
from identity.domain.session import ClientInfo, DeviceOwner, device_name
from identity.domain.username import username_key
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports

MAX_USERNAME_KEY = 64
"""Characters of a submitted account name that are looked up and counted; valid names are shorter."""

_Keyed = tuple[Limit, str]


def authenticate(
    ports: Ports, username: str, *, password: str, client: ClientInfo, refused_action: str
) -> tuple[Credential, list[str]]:
    """Return the credential that the password belongs to, and the counter keys of this attempt for `clear_failures`.

    Counting first gives parallel guesses no advantage. An unknown name takes the same work as a known one (LOGIN-1) and
    is also audited as `refused_action`, but without the name: it may be a password typed into the wrong field.
    Raises BadCredentials, Locked, Busy.
    """
    key = username_key(username)[:MAX_USERNAME_KEY]
    credential = ports.queries.credential(key)
    if credential is not None and credential.has_lapsed(ports.clock.now()):
        credential = None
    account_id = credential.id if credential else None
    own, by_address = _counters_of(ports, key, credential, client)
    wait_seconds, address_locked = _count(ports, own, by_address)
    if wait_seconds:
        # A locked address can send any number of names at no cost, so the key then does not include the name.
        throttle_key = client.network if address_locked else f"{key}:{client.network}"
        record_refusal(ports, refused_action, account_id, throttle_key=throttle_key, why="locked")
        raise Locked(wait_seconds)
    keys = [own[1], by_address[1]]
    try:
        matches = ports.passwords.verify(
            credential.password_hash if credential else None, normalized(password)
        )
    except Busy:  # the password was not compared
        for counted in keys:
            ports.counters.decrement([counted])
        raise
    if credential is None or not matches:
        record_refusal(ports, refused_action, account_id, why="bad_credentials")
        raise BadCredentials
    return credential, keys


def _counters_of(
    ports: Ports, key: str, owner: DeviceOwner | None, client: ClientInfo
) -> tuple[_Keyed, _Keyed]:
    """Return the attempt's counters: of the account name or, for a known browser, the device; and of the address."""
    device = ports.tokens.device_key(client.devices.get(device_name(owner)), owner) if owner else None
    own = (LOGIN_DEVICE, LOGIN_DEVICE.key(device)) if device else (LOGIN_ACCOUNT, LOGIN_ACCOUNT.key(key))
    by_address = ports.rules.login_failures_by_address
    return own, (by_address, by_address.key(client.network))


def _count(ports: Ports, own: _Keyed, by_address: _Keyed) -> tuple[int, bool]:
    """Count an attempt; return the seconds to wait, 0 if it may proceed, and whether the address is locked.

    Attempts from a locked address do not count against the account, nor do they create counters for invented names.
    """
    now = ports.clock.now()
    state, shared = ports.counters.increment_within(own, by_address, now)
    if shared.exceeded:
        if state is not None:  # concurrent attempts filled the shared counter
            ports.counters.decrement([own[1]])
        (state,) = ports.counters.peek([own], now)
        waits = [each.wait_seconds(now) for each in (state, shared) if each.is_full(now)]
        return max(waits), True
    if state is None:  # the shared counter was full, and concurrent logins have just lowered it
        (state,) = ports.counters.increment([own], now)
    return state.wait_seconds(now) if state.exceeded else 0, False


def clear_failures(ports: Ports, keys: list[str]) -> None:
    """Remove what an attempt with the right password has counted, and the account's earlier failures."""
    own, by_address = keys
    ports.counters.clear_failures(own, shared=by_address)


def verify_current_password(ports: Ports, account: Account, password: str) -> None:
    """Check a logged-in account's password, counted apart from logins. Raises BadPassword, PasswordLocked, Busy."""
    now, key = ports.clock.now(), PASSWORD_CHECK.key(account.id)
    (state,) = ports.counters.increment([(PASSWORD_CHECK, key)], now)
    if state.exceeded:
        record_refusal(ports, "password.refused", account.id, throttle_key=account.id, why="locked")
        raise PasswordLocked(state.wait_seconds(now))
    try:
        matches = ports.passwords.verify(account.password_hash, normalized(password))
    except Busy:
        ports.counters.decrement([key])
        raise
    if not matches:
        record_refusal(ports, "password.refused", account.id, why="bad_password")
        raise BadPassword
    ports.counters.clear([key])
