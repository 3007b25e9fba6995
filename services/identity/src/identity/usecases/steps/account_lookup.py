"""Look-up and locking of accounts by username or id, for operators."""

from collections.abc import Iterator
from contextlib import contextmanager

from identity.domain.account import Account, Status
from identity.domain.errors import NotFound, WrongState
from identity.domain.username import username_key
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork

_ID_CHARACTERS = 36


def get_by_username_or_id(uow: UnitOfWork, username_or_id: str) -> Account:
    """Return the open account with this username, or the account with this id, open or closed. Raises NotFound."""
    is_id = len(username_or_id) == _ID_CHARACTERS  # longer than any username
    account = (
        uow.accounts.get(username_or_id) if is_id else uow.accounts.by_username(username_key(username_or_id))
    )
    if account is None:
        raise NotFound
    return account


@contextmanager
def locked_account(
    ports: Ports, username_or_id: str, action: str, *states: Status
) -> Iterator[tuple[UnitOfWork, Account]]:
    """Lock an account that is in one of `states`, run a block and commit. Raises NotFound, WrongState.

    A WrongState, also from the block, is recorded in the audit log as a refused `action`.
    """
    account = None
    try:
        with ports.unit_of_work() as uow:
            account = _lock(uow, username_or_id)
            _require_state(account, states)
            yield uow, account
            uow.commit()
    except WrongState as refusal:
        account_id = account.id if account else None
        record_refusal(ports, "account.act_refused", account_id, act=action, state=refusal.state)
        raise


def _lock(uow: UnitOfWork, username_or_id: str) -> Account:
    account = uow.accounts.locked(get_by_username_or_id(uow, username_or_id).id)
    if account is None:
        raise NotFound
    return account


def _require_state(account: Account, states: tuple[Status, ...]) -> None:
    if account.status not in states:
        raise WrongState(account.status)
