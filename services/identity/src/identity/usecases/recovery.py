"""A forgotten password (LOGIN-8)."""

from datetime import datetime

from port_events.catalogue import PasswordResetRequested

from identity.domain.account import Account, Registration
from identity.domain.company import Company
from identity.domain.errors import LinkExpired, LinkInvalid, LinkSuperseded, LinkUsed, TooSoon
from identity.domain.link import Challenge, Purpose
from identity.domain.person import username_key
from identity.domain.rate_limits import LOGIN_ACCOUNT, RESETS_BY_ADDRESS
from identity.domain.session import ClientInfo, Device
from identity.usecases.login import issue_device
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.profile import new_hash, record_password_change
from identity.usecases.steps import mail_limits
from identity.usecases.steps.email_change import cancel_email_change
from identity.usecases.steps.events import issue_link, record_event
from identity.usecases.unbinding import remove_all
from identity.usecases.verification import read_link


def request_reset(ports: Ports, *, username: str, email: str, client: ClientInfo) -> None:
    """Mail a link if account and mailbox match; never tell whether they do, nor that a limit was met."""
    if _asks_too_often(ports, client):
        return  # before anything is counted by what was submitted: every new pair would leave rows behind
    key = username_key(username)[:64]
    present = ports.queries.by_username(key)
    with ports.unit_of_work() as uow:
        # The account's row before the counters', as everywhere.
        account = uow.accounts.locked(present.id) if present else None
        try:
            mail_limits.consume_subject_quota(
                uow, ports, purpose=Purpose.PASSWORD_RESET, subject=f"{key}:{email}"
            )
            # The time tells no more than the answer: where they do not match all is done alike, and taken back.
            with uow.savepoint(keep=account is not None and _has_proven(account, email)):
                # Within: made-up requests send nothing, and must not use up what others mail to this mailbox.
                mail_limits.consume_mailbox_quota(uow, ports, email)
                _mail_link(uow, ports, account or _decoy_account(uow, ports), email)
        except TooSoon:
            return
        uow.commit()


def _asks_too_often(ports: Ports, client: ClientInfo) -> bool:
    limit = RESETS_BY_ADDRESS
    (count,) = ports.counters.increment([(limit, limit.key(client.network))], ports.clock.now())
    return count.exceeded


def _has_proven(account: Account, email: str) -> bool:
    return account.closed_at is None and account.email_verified_at is not None and account.email == email


def _mail_link(uow: UnitOfWork, ports: Ports, account: Account, email: str) -> None:
    mail = issue_link(uow, ports, account, Purpose.PASSWORD_RESET, email=email)
    record_event(uow, ports, account, PasswordResetRequested(), mail=mail)


def _decoy_account(uow: UnitOfWork, ports: Ports) -> Account:
    """Return an account to do the work for where there is none of the name, written as another's row is locked.

    It is never kept, so it needs no name; that a name is free is no secret (REG-3), but costs as much to ask.
    """
    nobody = Registration(
        kind="general",
        username="",
        name="",
        mobile="",
        email="",
        company=Company(tax_id="", phone="", name="", address=""),
    )
    account = Account.open(
        nobody,
        account_id=ports.randomness.identifier(),
        password_hash="",
        reviewed=False,
        now=ports.clock.now(),
    )
    account.username_key = None
    uow.accounts.add(account)
    uow.flush()
    return account


def reset(ports: Ports, token: str, *, password: str) -> Device:
    """Set a new password by a mailed link, used once; return what makes this browser known.

    All sessions end, a general account's binding too (UNB-5). Raises LinkInvalid, LinkExpired, LinkSuperseded,
    LinkUsed, InvalidValue (the policy's), PasswordReused, Busy.
    """
    account, value = _linked(ports, token)
    password_hash = new_hash(ports, account, password)
    with ports.unit_of_work() as uow:
        kept = uow.accounts.locked(account.id)
        challenge = uow.links.get(account.id, Purpose.PASSWORD_RESET)
        if kept is None or kept.closed_at is not None:
            raise LinkExpired(Purpose.PASSWORD_RESET)
        challenge = _open_challenge(challenge, kept, value, ports.clock.now())
        uow.links.use(challenge, ports.clock.now())
        kept.set_password(password_hash)
        cancel_email_change(uow, kept)
        uow.sessions.end_of_account(kept.id)
        uow.counters.clear([LOGIN_ACCOUNT.key(str(kept.username_key))])
        if kept.kind == "general":
            remove_all(uow, ports, kept, "password_reset")
        record_password_change(uow, ports, kept, "reset")
        uow.commit()
        return issue_device(ports, kept)


def preview(ports: Ports, token: str) -> Account:
    """Return whose password a link would set, changing nothing. Raises what `reset` raises of the link."""
    account, _ = _linked(ports, token)
    if account.closed_at is not None:
        raise LinkExpired(Purpose.PASSWORD_RESET)
    return account


def _linked(ports: Ports, token: str) -> tuple[Account, str]:
    """Return the account of a link that still holds, before the costly hash is made."""
    _, account_id, value = read_link(ports, token, Purpose.PASSWORD_RESET)
    account = ports.queries.account(account_id)
    if account is None:
        raise LinkInvalid
    with ports.unit_of_work() as uow:
        _open_challenge(uow.links.get(account_id, Purpose.PASSWORD_RESET), account, value, ports.clock.now())
    return account, value


def _open_challenge(challenge: Challenge | None, account: Account, value: str, now: datetime) -> Challenge:
    """Return the challenge that the link answers. Raises LinkSuperseded, LinkExpired, LinkUsed."""
    if challenge is None or challenge.email != account.email:
        raise LinkSuperseded
    if challenge.check(value, now):
        raise LinkUsed
    return challenge
