"""The end of bindings (UNB)."""

from port_events.catalogue import BindingRemoved

from identity.domain.account import Account
from identity.domain.binding import Binding, RemovedReason, Status
from identity.domain.errors import NotFound
from identity.domain.mail import NOTICE_LIFETIME, MailRequest
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.bind_codes import parties


def own_binding(uow: UnitOfWork, link_id: str, binding_id: str) -> Binding:
    """Return a binding of the link account, live or ended. Raises NotFound."""
    binding = uow.bindings.get(binding_id)
    if binding is None or binding.link_account_id != link_id:
        raise NotFound
    return binding


def lock_general(uow: UnitOfWork, binding: Binding) -> Account:
    """Lock a binding's general account, then the binding; refresh `binding`. Raises NotFound.

    All use cases lock in this order, to avoid deadlocks.
    """
    general = uow.accounts.locked(binding.general_account_id)
    uow.bindings.locked(binding.id)
    if general is None:
        raise NotFound
    return general


def remove(uow: UnitOfWork, general: Account, binding: Binding, reason: RemovedReason) -> None:
    """End a live binding of a locked general account, its code, and the sessions and grants that use it (SW-5).

    One side is mailed a notice, unless the binding lapsed (UNB-5).
    """
    former = binding.status
    binding.remove(reason, uow.clock.now())
    uow.codes.drop(binding.id)
    session_termination.end_of_binding(uow, binding.id)
    event = BindingRemoved(binding_id=binding.id, link_account_id=binding.link_account_id, reason=reason)
    uow.record_event(general, event, mail=_notice(uow, general, binding, former))


def remove_all(uow: UnitOfWork, account: Account, reason: RemovedReason) -> None:
    """End every live binding of a locked account, general or link."""
    if account.kind == "general":
        binding = uow.bindings.live_of_general(account.id)
        if binding is not None:
            remove(uow, account, binding, reason)
        return
    for binding in uow.bindings.live_of_link(account.id):
        general = lock_general(uow, binding)
        if binding.is_live:  # the binding may have ended before the lock was acquired
            remove(uow, general, binding, reason)


def _notice(uow: UnitOfWork, general: Account, binding: Binding, former: Status) -> MailRequest | None:
    """Return the notice to the side that did not end the binding (UNB-5); None if the binding lapsed.

    If an operator ended it, the general account is notified; if one side's account is closed, the other side. The
    notice states the status `former`, because an unverified binding gave nobody access.
    """
    link, reason = uow.accounts.get(binding.link_account_id), binding.removed_reason
    if reason is None or reason == "lapsed" or link is None:
        return None
    to_general = reason in {"link", "operator"} or link.closed_at is not None
    recipient = general if to_general and general.closed_at is None else link
    content = {**parties(general, link), "removed_by": reason, "reader": recipient.kind, "state": former}
    return MailRequest(recipient.email, recipient.name, uow.clock.now() + NOTICE_LIFETIME, content)
