"""The end of accounts, bindings and mailbox changes that were not verified in time (VER-7, BIND-8, PRO-2).

Each public function returns the number of changed objects.
"""

from collections.abc import Callable, Sequence

from identity.domain import account as accounts
from identity.domain import binding as bindings
from identity.domain.mail_link import Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.closing_and_suspending import close_if_lapsed
from identity.usecases.steps.email_change import drop_expired_email_change
from identity.usecases.steps.unbinding import lock_general, remove

_BATCH = 200


def lapse_accounts(ports: Ports) -> int:
    before = ports.clock.now() - accounts.UNVERIFIED_LIFETIME
    return _for_each(ports, lambda uow: uow.accounts.lapsed(before, _BATCH), close_if_lapsed)


def lapse_bindings(ports: Ports) -> int:
    before = ports.clock.now() - bindings.UNVERIFIED_LIFETIME
    return _for_each(ports, lambda uow: uow.bindings.lapsed(before, _BATCH), _lapse_binding)


def drop_expired_email_changes(ports: Ports) -> int:
    before = ports.clock.now() - Purpose.EMAIL_CHANGE.lifetime
    return _for_each(ports, lambda uow: uow.links.pending_changes(before, _BATCH), _drop_email_change)


def _for_each(
    ports: Ports, find: Callable[[UnitOfWork], Sequence[str]], change: Callable[[UnitOfWork, str], bool]
) -> int:
    """Apply `change` to the ids that `find` returns, batch by batch, each in its own transaction; count the changes."""
    changed = 0
    while True:
        with ports.unit_of_work() as uow:
            found = find(uow)
        for each_id in found:
            with ports.unit_of_work() as uow:
                changed += change(uow, each_id)
                uow.commit()
        if len(found) < _BATCH:
            return changed


def _lapse_binding(uow: UnitOfWork, binding_id: str) -> bool:
    binding = uow.bindings.get(binding_id)
    if binding is None:
        return False
    general = lock_general(uow, binding)
    if not binding.has_lapsed(uow.clock.now()):
        return False
    remove(uow, general, binding, "lapsed")
    return True


def _drop_email_change(uow: UnitOfWork, account_id: str) -> bool:
    account = uow.accounts.locked(account_id)
    return account is not None and drop_expired_email_change(uow, account)
