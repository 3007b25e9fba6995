"""A placeholder row against user enumeration by response time (LOGIN-8, LOGIN-9)."""

from identity.domain.account import Account, Registration
from identity.domain.company import Company
from identity.usecases.ports import UnitOfWork


def decoy_account(uow: UnitOfWork) -> Account:
    """Add an account for work that must take the same time if no account matches.

    The caller rolls back to a savepoint, so the account needs no username.
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
