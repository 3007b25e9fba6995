"""Mails with the usernames of a mailbox (LOGIN-9)."""

from collections.abc import Sequence
from functools import partial

from port_events.catalogue import UsernamesRequested

from identity.domain.account import Account
from identity.domain.mail import MailRequest
from identity.domain.rate_limits import RESETS_BY_CLIENT_ADDRESS
from identity.domain.session import ClientInfo
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.client_address_limits import count_by_network
from identity.usecases.steps.enumeration_decoy import mail_if_matching
from identity.usecases.steps.mail_limits import Budget, MailQuota

MAX_LISTED = 50


def request(ports: Ports, *, email: str, tax_id: str | None, client: ClientInfo) -> None:
    """Mail the usernames of a mailbox's verified accounts, at most MAX_LISTED; of one company if `tax_id` is given.

    Discloses neither whether there are such accounts nor that a limit was reached (SEC-6).
    """
    if count_by_network(ports, RESETS_BY_CLIENT_ADDRESS, client):
        return
    quota = MailQuota(Budget.RESETS, "usernames", (email,), email, typed=(tax_id or "",))
    with ports.unit_of_work() as uow:
        # Lock order: the account's row before the counters' rows.
        found = uow.accounts.of_mailbox(email, tax_id, limit=MAX_LISTED)
        account = uow.accounts.locked(found[0].id) if found else None
        mail = partial(_mail, uow, listed=found)
        mail_if_matching(uow, account, quota, mail, matches=account is not None)


def _mail(uow: UnitOfWork, account: Account, *, listed: Sequence[Account]) -> None:
    lines = "\n".join(f"{each.username}\t{each.company_name}\t{each.kind}" for each in listed)
    content = {"usernames": lines, "login_url": f"{uow.rules.public_url}/"}
    uow.record_event(
        account, UsernamesRequested(), mail=MailRequest.notice(account, uow.clock.now(), **content)
    )
