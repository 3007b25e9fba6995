"""Opening an account (REG)."""

from port_events.catalogue import AccountRegistered, RegistrationConflicted, VerificationRequested

from identity.domain.account import REPEAT_WINDOW, Account, Registration
from identity.domain.errors import Conflict, TooManyRequests, UsernameTaken
from identity.domain.link import Purpose
from identity.domain.person import username_key
from identity.domain.rate_limits import NAMES_BY_ADDRESS
from identity.domain.session import ClientInfo
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import mail_limits
from identity.usecases.steps.ending import close
from identity.usecases.steps.events import MailRequest, issue_link, record_event


def register(ports: Ports, registration: Registration, *, password: str, client: ClientInfo) -> Account:
    """Open an unverified account and ask for its mail; a repeat returns the account there is (REG-13).

    Raises UsernameTaken, TooManyRequests, Busy. Whether the mailbox is taken is never told (REG-9).
    """
    _count_address(ports, client)
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
    """Tell whether an account has the name, or None to an address that has asked for very many.

    Account names are public (REG-3), and a lapsed one's is free (VER-7).
    """
    limit = NAMES_BY_ADDRESS
    (count,) = ports.counters.increment([(limit, limit.key(client.network))], ports.clock.now())
    if count.exceeded:
        return None
    present = ports.queries.by_username(username_key(username))
    return present is not None and not present.has_lapsed(ports.clock.now())


def _count_address(ports: Ports, client: ClientInfo) -> None:
    limit = ports.rules.registrations_by_address
    now = ports.clock.now()
    (count,) = ports.counters.increment([(limit, limit.key(client.network))], now)
    if count.exceeded:
        raise TooManyRequests(count.wait_seconds(now))


def _open(ports: Ports, registration: Registration, password_hash: str) -> Account:
    with ports.unit_of_work() as uow:
        account = Account.open(
            registration,
            account_id=ports.randomness.identifier(),
            password_hash=password_hash,
            reviewed=registration.kind in ports.rules.reviewed_kinds,
            now=ports.clock.now(),
        )
        uow.accounts.add(account)
        record_event(
            uow,
            ports,
            account,
            AccountRegistered(kind=account.kind, username=account.username, tax_id=account.tax_id),
        )
        request_verification(uow, ports, account)
        uow.commit()
        return account


def request_verification(uow: UnitOfWork, ports: Ports, account: Account) -> None:
    """Ask for the first verification mail, or the notice to the mailbox's owner, with the same work (REG-9)."""
    has_room = mail_limits.try_first_quota(
        uow, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=account.email
    )
    record_verification_request(uow, ports, account, silent=not has_room)


def record_verification_request(
    uow: UnitOfWork, ports: Ports, account: Account, *, silent: bool = False
) -> None:
    """Announce the verification mail; `silent` publishes the request without a mail to a mailbox that is full."""
    mail = issue_link(uow, ports, account, Purpose.REGISTRATION, email=account.email)
    owner = uow.accounts.by_mailbox(account.mailbox_key_for(account.email))
    if owner is None:
        record_event(
            uow, ports, account, VerificationRequested(kind=account.kind), mail=None if silent else mail
        )
    else:
        notice = conflict_notice(ports, account.email, owner)
        record_event(uow, ports, account, RegistrationConflicted(), mail=None if silent else notice)


def conflict_notice(ports: Ports, email: str, owner: Account) -> MailRequest:
    """Return the notice that somebody gave a mailbox which an account holds already (REG-9).

    It expires as the link in its place would: who asked sees the mail's state, and must not tell them apart.
    """
    return MailRequest(
        email,
        owner.name,
        ports.clock.now() + Purpose.REGISTRATION.lifetime,
        username=owner.username,
        kind=owner.kind,
        login_url=f"{ports.rules.public_url}/",
    )


def _repeat(ports: Ports, registration: Registration, password: str) -> Account | None:
    """Return the account a repeat means, or None where the name became free. Raises UsernameTaken."""
    key = username_key(registration.username)
    present = ports.queries.by_username(key)
    now = ports.clock.now()
    if present is None:
        return None
    if present.has_lapsed(now):
        _free_lapsed(ports, present.id)
        return None
    fresh = present.email_verified_at is None and now < present.created_at + REPEAT_WINDOW
    if (
        fresh
        and present.registration == registration
        and ports.passwords.verify(present.password_hash, password)
    ):
        return present
    raise UsernameTaken


def _free_lapsed(ports: Ports, account_id: str) -> None:
    """Close an account that lapsed but was not yet cleared, so that its name is free (VER-7)."""
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(account_id)
        if account is not None and account.closed_at is None and account.has_lapsed(ports.clock.now()):
            close(uow, ports, account, "lapsed")
        uow.commit()
