"""A placeholder used when no account matches, so that the response time does not reveal it (LOGIN-8, LOGIN-9)."""

from identity.domain.account import Account, Registration
from identity.domain.company import Company
from identity.usecases.ports import UnitOfWork


def decoy_account(uow: UnitOfWork) -> Account:
    """Add a placeholder account; inserting it takes as long as locking an existing row.

    The caller always rolls back to a savepoint, so the account needs no username.
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
