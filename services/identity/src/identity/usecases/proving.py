"""Proving a password: each attempt is counted before it is judged (LOGIN-1, SEC-3)."""

from identity.domain.credential import Credential
from identity.domain.errors import BadCredentials, Busy, Locked
from identity.domain.limits import LOGIN_ACCOUNT, LOGIN_DEVICE, Count
from identity.domain.password import normalized
from identity.domain.person import username_key
from identity.domain.session import Client, Owner, device_name
from identity.usecases import auditing
from identity.usecases.ports import Ports
from identity.usecases.repositories import Counters


def prove_password(
    ports: Ports, username: str, *, password: str, client: Client, refusal: str
) -> tuple[Credential, list[str]]:
    """Return the open account's credential that this password proves, and the counters raised for the attempt.

    Each attempt is counted before it is judged, so that parallel guesses gain nothing; `forgive` takes it back.
    An unknown name does the same work (LOGIN-1), and is written down alike: as the action that `refusal` names,
    without the name, which may be a password in the wrong field. Raises BadCredentials, Locked, Busy.
    """
    now = ports.clock.now()
    key = username_key(username)[:64]
    credential = ports.reader.credential(key)
    if credential is not None and credential.has_lapsed(now):
        credential = None
    account_id = credential.id if credential else None
    try:
        keys = _count(ports, key, credential, client)
    except Locked:
        auditing.refuse(ports, refusal, account_id, sparing=f"{key}:{client.network}", why="locked")
        raise
    try:
        right = ports.passwords.verify(credential.password_hash if credential else None, normalized(password))
    except Busy:
        for raised in keys:  # nothing was judged
            ports.counters.give_back([raised])
        raise
    if credential is None or not right:
        auditing.refuse(ports, refusal, account_id, why="bad_credentials")
        raise BadCredentials
    return credential, keys


def _count(ports: Ports, key: str, owner: Owner | None, client: Client) -> list[str]:
    now = ports.clock.now()
    device = ports.tokens.device_key(client.devices.get(device_name(owner)), owner) if owner else None
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
