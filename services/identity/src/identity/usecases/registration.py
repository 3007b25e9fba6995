"""Registration of accounts (REG)."""

from port_events.catalogue import AccountRegistered

from identity.domain.account import REPEAT_WINDOW, Account, Registration
from identity.domain.errors import Conflict, TooManyRequests, UsernameTaken
from identity.domain.rate_limits import NAMES_BY_CLIENT_ADDRESS
from identity.domain.session import ClientInfo
from identity.domain.username import username_key
from identity.usecases.ports import Ports
from identity.usecases.steps.client_address_limits import count_by_network
from identity.usecases.steps.closing_and_suspending import close_if_lapsed
from identity.usecases.steps.email_verification import request_verification
from identity.usecases.steps.mail_limits import registration_quota, try_consume_quota


def register(ports: Ports, registration: Registration, *, password: str, client: ClientInfo) -> Account:
    """Open an account and mail its verification link; a repeated registration returns the account (REG-13).

    If the mailbox is taken, its owner is mailed a notice instead; the caller cannot tell (REG-9). Above the mailbox's
    quota no mail is sent. Raises UsernameTaken, TooManyRequests, Busy.
    """
    wait_seconds = count_by_network(ports, ports.rules.registrations_by_client_address, client)
    if wait_seconds:
        raise TooManyRequests(wait_seconds)
    password_hash = ports.passwords.hash(password)
    for _ in range(2):
        try:
            return _open(ports, registration, password_hash)
        except Conflict:
            repeated = _repeat(ports, registration, password)
            if repeated is not None:
                return repeated
    raise UsernameTaken


def is_taken(ports: Ports, username: str, *, client: ClientInfo) -> bool | None:
    """Return whether a username is taken, or None if the client address has exceeded its limit.

    Usernames are public (REG-3). The username of a lapsed account is free (VER-7).
    """
    if count_by_network(ports, NAMES_BY_CLIENT_ADDRESS, client):
        return None
    account = ports.queries.by_username(username_key(username))
    return account is not None and not account.has_lapsed(ports.clock.now())


def _open(ports: Ports, registration: Registration, password_hash: str) -> Account:
    with ports.unit_of_work() as uow:
        account = Account.open(
            registration,
            account_id=uow.randomness.identifier(),
            password_hash=password_hash,
            reviewed=registration.kind in uow.rules.reviewed_kinds,
            now=uow.clock.now(),
        )
        uow.accounts.add(account)
        event = AccountRegistered(kind=account.kind, username=account.username, tax_id=account.tax_id)
        uow.record_event(account, event)
        has_quota = try_consume_quota(uow, registration_quota(account))
        request_verification(uow, account, send=has_quota)
        uow.commit()
        return account


def _repeat(ports: Ports, registration: Registration, password: str) -> Account | None:
    """Return the account of a repeated registration, or None if the username is free. Raises UsernameTaken.

    A lapsed account is closed, which frees the username.
    """
    account = ports.queries.by_username(username_key(registration.username))
    now = ports.clock.now()
    if account is None:
        return None
    if account.has_lapsed(now):
        with ports.unit_of_work() as uow:
            close_if_lapsed(uow, account.id)
            uow.commit()
        return None
    recent = account.email_verified_at is None and now < account.created_at + REPEAT_WINDOW
    same = recent and account.registration == registration
    if same and ports.passwords.verify(account.password_hash, password):
        return account
    raise UsernameTaken
