"""An account to work on when none matches, so that the response time discloses nothing (LOGIN-8, LOGIN-9)."""

from identity.domain.account import Account, Registration
from identity.domain.company import Company
from identity.usecases.ports import UnitOfWork


def decoy_account(uow: UnitOfWork) -> Account:
    """Add an account to work on when none has the name; writing it takes as long as locking one.

    It is always rolled back, so it needs no name.
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
        account_id=uow.randomness.identifier(),
        password_hash="",
        reviewed=False,
        now=uow.clock.now(),
    )
    account.username_key = None
    uow.accounts.add(account)
    uow.flush()
    return account
