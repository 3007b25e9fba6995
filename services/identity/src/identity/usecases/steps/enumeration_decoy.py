"""Requests for mails, whose response time must not disclose whether an account matches (LOGIN-8, LOGIN-9)."""

from collections.abc import Callable

from identity.domain.account import Account
from identity.domain.errors import TooSoon
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps.mail_limits import MailQuota


def mail_if_matching(
    uow: UnitOfWork,
    account: Account | None,
    quota: MailQuota,
    mail: Callable[[Account], None],
    *,
    matches: bool,
) -> None:
    """Count a request, send its mail and commit.

    Without a match, do the same work, but commit only the count of the subject. Above the quota nothing is sent or
    committed; the caller cannot tell.
    """
    try:
        uow.count(quota.by_subject, TooSoon)
        with uow.savepoint(keep=matches):
            # Inside the savepoint, so that requests without a match do not use up the mailbox's quota.
            uow.count(quota.by_mailbox, TooSoon)
            mail(account or _decoy_account(uow))
    except TooSoon:
        return
    uow.commit()


def _decoy_account(uow: UnitOfWork) -> Account:
    """Add an account for the work without a match. It is rolled back, so it needs no username."""
    account = Account(
        id=uow.randomness.identifier(),
        kind="general",
        username="",
        username_key=None,
        name="",
        mobile="",
        email="",
        tax_id="",
        company_phone="",
        company_name="",
        company_address="",
        password_hash="",
        created_at=uow.clock.now(),
    )
    uow.accounts.add(account)
    uow.flush()
    return account
