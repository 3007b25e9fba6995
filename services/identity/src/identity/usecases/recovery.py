"""A forgotten password (LOGIN-8)."""

from datetime import datetime

from port_events.catalogue import PasswordResetRequested

from identity.domain.account import Account, Application
from identity.domain.company import Company
from identity.domain.errors import LinkExpired, LinkInvalid, LinkSuperseded, LinkUsed, TooSoon
from identity.domain.limits import LOGIN_ACCOUNT, RESETS_BY_ADDRESS
from identity.domain.link import Challenge, Purpose
from identity.domain.person import username_key
from identity.domain.session import Client, Device
from identity.usecases import mailing
from identity.usecases.email_change import forget_pending_email
from identity.usecases.login import known_device
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.profile import announce_password, new_hash
from identity.usecases.publication import announce, mail_link
from identity.usecases.unbinding import remove_all
from identity.usecases.verification import read_link


def request_reset(ports: Ports, *, username: str, email: str, client: Client) -> None:
    """Mail a link if account and mailbox match; never tell whether they do, nor that a limit was met."""
    if _asks_too_often(ports, client):
        return  # before anything is counted by what was submitted: every new pair would leave rows behind
    key = username_key(username)[:64]
    present = ports.reader.by_username(key)
    with ports.unit_of_work() as work:
        # The account's row before the counters', as everywhere.
        account = work.accounts.locked(present.id) if present else None
        try:
            mailing.take_turn_of_subject(
                work, ports, purpose=Purpose.PASSWORD_RESET, subject=f"{key}:{email}"
            )
            # The time tells no more than the answer: where they do not match all is done alike, and taken back.
            with work.part(kept=account is not None and _has_proven(account, email)):
                # Within: made-up requests send nothing, and must not use up what others mail to this mailbox.
                mailing.take_turn_of_mailbox(work, ports, email)
                _mail_link(work, ports, account or _stand_in(work, ports), email)
        except TooSoon:
            return
        work.commit()


def _asks_too_often(ports: Ports, client: Client) -> bool:
    limit = RESETS_BY_ADDRESS
    (count,) = ports.counters.take([(limit, limit.key(client.network))], ports.clock.now())
    return count.exceeded


def _has_proven(account: Account, email: str) -> bool:
    return account.closed_at is None and account.email_verified_at is not None and account.email == email


def _mail_link(work: UnitOfWork, ports: Ports, account: Account, email: str) -> None:
    mail = mail_link(work, ports, account, Purpose.PASSWORD_RESET, email=email)
    announce(work, ports, account, PasswordResetRequested(), mail=mail)


def _stand_in(work: UnitOfWork, ports: Ports) -> Account:
    """Return an account to do the work for where there is none of the name, written as another's row is locked.

    It is never kept, so it needs no name; that a name is free is no secret (REG-3), but costs as much to ask.
    """
    nobody = Application(
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
    work.accounts.add(account)
    work.flush()
    return account


def reset(ports: Ports, token: str, *, password: str) -> Device:
    """Set a new password by a mailed link, used once; return what makes this browser known.

    All sessions end, a general account's binding too (UNB-5). Raises LinkInvalid, LinkExpired, LinkSuperseded,
    LinkUsed, Fault (the policy's), PasswordReused, Busy.
    """
    account, value = _linked(ports, token)
    password_hash = new_hash(ports, account, password)
    with ports.unit_of_work() as work:
        kept = work.accounts.locked(account.id)
        challenge = work.links.get(account.id, Purpose.PASSWORD_RESET)
        if kept is None or kept.closed_at is not None:
            raise LinkExpired(Purpose.PASSWORD_RESET)
        challenge = _open_challenge(challenge, kept, value, ports.clock.now())
        work.links.use(challenge, ports.clock.now())
        kept.set_password(password_hash)
        forget_pending_email(work, kept)
        work.sessions.end_of_account(kept.id)
        work.counters.clear([LOGIN_ACCOUNT.key(str(kept.username_key))])
        if kept.kind == "general":
            remove_all(work, ports, kept, "password_reset")
        announce_password(work, ports, kept, "reset")
        work.commit()
        return known_device(ports, kept)


def look(ports: Ports, token: str) -> Account:
    """Return whose password a link would set, changing nothing. Raises what `reset` raises of the link."""
    account, _ = _linked(ports, token)
    if account.closed_at is not None:
        raise LinkExpired(Purpose.PASSWORD_RESET)
    return account


def _linked(ports: Ports, token: str) -> tuple[Account, str]:
    """Return the account of a link that still holds, before the costly hash is made."""
    _, account_id, value = read_link(ports, token, Purpose.PASSWORD_RESET)
    account = ports.reader.account(account_id)
    if account is None:
        raise LinkInvalid
    with ports.unit_of_work() as work:
        _open_challenge(work.links.get(account_id, Purpose.PASSWORD_RESET), account, value, ports.clock.now())
    return account, value


def _open_challenge(challenge: Challenge | None, account: Account, value: str, now: datetime) -> Challenge:
    """Return the challenge that the link answers. Raises LinkSuperseded, LinkExpired, LinkUsed."""
    if challenge is None or challenge.email != account.email:
        raise LinkSuperseded
    if challenge.check(value, now):
        raise LinkUsed
    return challenge
