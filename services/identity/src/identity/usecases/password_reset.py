"""Reset of a forgotten password (LOGIN-8)."""

from functools import partial

from port_events.catalogue import PasswordResetRequested

from identity.domain.account import Account
from identity.domain.errors import LinkExpired, LinkInvalid, LinkSuperseded, LinkUsed
from identity.domain.mail_link import Challenge, Purpose
from identity.domain.rate_limits import LOGIN_ACCOUNT, RESETS_BY_CLIENT_ADDRESS
from identity.domain.session import ClientInfo, Device
from identity.domain.username import username_key
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.sessions import issue_device
from identity.usecases.steps import session_termination
from identity.usecases.steps.client_address_limits import count_by_network
from identity.usecases.steps.email_change import cancel_email_change
from identity.usecases.steps.enumeration_decoy import mail_if_matching
from identity.usecases.steps.mail_limits import Budget, MailQuota
from identity.usecases.steps.mail_links import issue_link, read_link
from identity.usecases.steps.password_authentication import MAX_USERNAME_KEY, known_device
from identity.usecases.steps.password_changes import hash_new_password, record_password_change
from identity.usecases.steps.unbinding import remove_all


def request_reset(ports: Ports, *, username: str, email: str, client: ClientInfo) -> None:
    """Mail a link if username and mailbox match. Discloses neither a match nor that a limit was reached."""
    key = username_key(username)[:MAX_USERNAME_KEY]
    found = ports.queries.by_username(key)
    device = known_device(ports, client, found)
    if device is None and count_by_network(ports, RESETS_BY_CLIENT_ADDRESS, client):
        return  # before counting by submitted values, since each new pair creates counters
    quota = _quota(key, email) if device is None else _quota_of_device(device, email)
    with ports.unit_of_work() as uow:
        # Lock order: the account's row before the counters' rows.
        account = uow.accounts.locked(found.id) if found else None
        matches = account is not None and _has_verified(account, email)
        mail_if_matching(uow, account, quota, partial(_mail_link, uow, email=email), matches=matches)


def _quota(key: str, email: str) -> MailQuota:
    return MailQuota(Budget.RESETS, Purpose.PASSWORD_RESET, (key, email), email)


def _quota_of_device(device: str, email: str) -> MailQuota:
    """Return the quota of a known browser, which strangers cannot use up (SEC-3)."""
    return MailQuota(Budget.RESETS_BY_DEVICE, Purpose.PASSWORD_RESET, (device,), email, typed=(email,))


def _has_verified(account: Account, email: str) -> bool:
    return account.closed_at is None and account.email_verified_at is not None and account.email == email


def _mail_link(uow: UnitOfWork, account: Account, *, email: str) -> None:
    mail = issue_link(uow, account, Purpose.PASSWORD_RESET, email=email, kind=account.kind)
    uow.record_event(account, PasswordResetRequested(), mail=mail)


def reset(ports: Ports, token: str, *, password: str) -> Device:
    """Set a new password by a mailed link, which works once; return a device cookie for the browser.

    Ends all sessions and grants, a pending change of mailbox, the lock by failed logins, and the binding of a general
    account (UNB-5). Raises LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed, InvalidValue, PasswordReused, Busy.
    """
    found, value = _resolve(ports, token)
    password_hash = hash_new_password(ports, found, password)
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(found.id)
        if account is None or account.closed_at is not None:
            raise LinkExpired(Purpose.PASSWORD_RESET)
        challenge = _require_challenge(uow, account, value)
        challenge.used_at = uow.clock.now()
        account.set_password(password_hash)
        cancel_email_change(uow, account)
        session_termination.end_sessions_of_account(uow, account.id, "password_changed")
        uow.counters.clear([LOGIN_ACCOUNT.counter(str(account.username_key))])
        if account.kind == "general":
            remove_all(uow, account, "password_reset")
        record_password_change(uow, account, "reset")
        uow.commit()
        return issue_device(ports, account)


def preview(ports: Ports, token: str) -> Account:
    """Return the account whose password a link resets. Raises LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed."""
    account, _ = _resolve(ports, token)
    if account.closed_at is not None:
        raise LinkExpired(Purpose.PASSWORD_RESET)
    return account


def _resolve(ports: Ports, token: str) -> tuple[Account, str]:
    """Return the account and challenge value of a valid link. `reset` repeats the check under the account's lock."""
    _, account_id, value = read_link(ports, token, Purpose.PASSWORD_RESET)
    account = ports.queries.account(account_id)
    if account is None:
        raise LinkInvalid
    with ports.unit_of_work() as uow:
        _require_challenge(uow, account, value)
    return account, value


def _require_challenge(uow: UnitOfWork, account: Account, value: str) -> Challenge:
    """Return the challenge if the link matches it. Raises LinkSuperseded, LinkExpired, LinkUsed."""
    challenge = uow.links.get(account.id, Purpose.PASSWORD_RESET)
    if challenge is None or challenge.email != account.email:
        raise LinkSuperseded
    if challenge.check(value, uow.clock.now()):
        raise LinkUsed
    return challenge
