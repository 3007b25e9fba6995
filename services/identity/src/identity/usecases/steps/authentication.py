"""Proving a password: each attempt is counted before it is judged (LOGIN-1, SEC-3)."""

from identity.domain.credential import Credential
from identity.domain.errors import BadCredentials, Busy, Locked
from identity.domain.password import normalized
from identity.domain.person import username_key
from identity.domain.rate_limits import LOGIN_ACCOUNT, LOGIN_DEVICE, Limit
from identity.domain.session import ClientInfo, DeviceOwner, device_name
from identity.usecases.audit import recording
from identity.usecases.ports import Ports
from identity.usecases.repositories import Counters

_Keyed = tuple[Limit, str]


def authenticate(
    ports: Ports, username: str, *, password: str, client: ClientInfo, refused_action: str
) -> tuple[Credential, list[str]]:
    """Return the open account's credential that this password proves, and the counters raised for the attempt.

    Each attempt is counted before it is judged, so that parallel guesses gain nothing; `forgive` takes it back.
    An unknown name does the same work (LOGIN-1), and is written down alike: as the action that `refusal` names,
    without the name, which may be a password in the wrong field. Raises BadCredentials, Locked, Busy.
    """
    now = ports.clock.now()
    key = username_key(username)[:64]
    credential = ports.queries.credential(key)
    if credential is not None and credential.has_lapsed(now):
        credential = None
    account_id = credential.id if credential else None
    own, by_address = _counted(ports, key, credential, client)
    wait_seconds, is_crowded = _count(ports, own, by_address)
    if wait_seconds:
        # What a locked address sends costs it nothing, a new name each time neither: then the name is no subject.
        sparing = client.network if is_crowded else f"{key}:{client.network}"
        recording.record_refusal(ports, refused_action, account_id, throttle_key=sparing, why="locked")
        raise Locked(wait_seconds)
    keys = [own[1], by_address[1]]
    try:
        right = ports.passwords.verify(credential.password_hash if credential else None, normalized(password))
    except Busy:
        for raised in keys:  # nothing was judged
            ports.counters.decrement([raised])
        raise
    if credential is None or not right:
        recording.record_refusal(ports, refused_action, account_id, why="bad_credentials")
        raise BadCredentials
    return credential, keys


def _counted(ports: Ports, key: str, owner: DeviceOwner | None, client: ClientInfo) -> tuple[_Keyed, _Keyed]:
    """Return what an attempt counts against: the name, or of a known browser the device; and the address."""
    device = ports.tokens.device_key(client.devices.get(device_name(owner)), owner) if owner else None
    own = (LOGIN_DEVICE, LOGIN_DEVICE.key(device)) if device else (LOGIN_ACCOUNT, LOGIN_ACCOUNT.key(key))
    by_address = ports.rules.login_failures_by_address
    return own, (by_address, by_address.key(client.network))


def _count(ports: Ports, own: _Keyed, by_address: _Keyed) -> tuple[int, bool]:
    """Count an attempt; return the seconds to wait, 0 where it may be judged, and whether the address is locked.

    An attempt from a locked address is none on the account, and a name that it makes up leaves no counter behind.
    """
    now = ports.clock.now()
    count, shared = ports.counters.increment_within(own, by_address, now)
    if shared.exceeded:
        if count is not None:  # others filled it at the same moment
            ports.counters.decrement([own[1]])
        (count,) = ports.counters.peek([own], now)
        waits = [each.wait_seconds(now) for each in (count, shared) if each.is_full(now)]
        return max(waits), True
    if count is None:  # others took theirs back at the same moment: nothing is judged uncounted
        (count,) = ports.counters.increment([own], now)
    return count.wait_seconds(now) if count.exceeded else 0, False


def clear_failures(counters: Counters, keys: list[str]) -> None:
    """Take back what an attempt with the right password raised: the account's failures, the address' one."""
    own, by_address = keys
    counters.clear_failures(own, shared=by_address)
