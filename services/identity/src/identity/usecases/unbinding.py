"""Ending bindings, from either side or with an account (UNB)."""

from port_events.catalogue import BindingRemoved

from identity.domain.account import Account
from identity.domain.binding import Binding, RemovedReason
from identity.domain.errors import NotFound
from identity.domain.session import Principal
from identity.usecases.audit import recording
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.events import MailRequest, record_event

_SILENT: frozenset[RemovedReason] = frozenset({"lapsed"})
"""Nobody is told of a binding that was not verified in time; an end before that is told as any other."""


def unbind_from_link(ports: Ports, principal: Principal, binding_id: str) -> None:
    """End a binding of one's own, or dismiss one the other side ended (UNB-1, UNB-4). Raises NotFound."""
    with ports.unit_of_work() as uow:
        binding = uow.bindings.get(binding_id)
        if binding is None or binding.link_account_id != principal.account.id:
            raise NotFound
        general = lock_general(uow, binding)
        if binding.is_live:
            lapsed = binding.has_lapsed(ports.clock.now())
            remove(uow, ports, general, binding, "lapsed" if lapsed else "link")
        elif not binding.dismissed:
            recording.record(uow, ports, "binding.dismissed", general.id, binding_id=binding.id)
        binding.dismissed = True
        uow.commit()


def unbind_from_general(ports: Ports, principal: Principal) -> None:
    """End the binding of one's own account, verified or not (UNB-2). Raises NotFound."""
    with ports.unit_of_work() as uow:
        general = uow.accounts.locked(principal.account.id)
        binding = uow.bindings.live_of_general(principal.account.id)
        if general is None or binding is None or binding.has_lapsed(ports.clock.now()):
            raise NotFound
        remove(uow, ports, general, binding, "general")
        uow.commit()


def lock_general(uow: UnitOfWork, binding: Binding) -> Account:
    """Lock a binding's general account, then the binding: always in this order, so that nothing waits in a ring."""
    general = uow.accounts.locked(binding.general_account_id)
    uow.bindings.locked(binding.id)
    if general is None:
        raise NotFound
    return general


def remove(uow: UnitOfWork, ports: Ports, general: Account, binding: Binding, reason: RemovedReason) -> None:
    """End a live binding of a locked general account: its code, and every session acting by it (SW-5)."""
    binding.remove(reason, ports.clock.now())
    uow.codes.drop(binding.id)
    uow.sessions.end_of_binding(binding.id)
    record_event(
        uow,
        ports,
        general,
        BindingRemoved(binding_id=binding.id, link_account_id=binding.link_account_id, reason=reason),
        mail=_notice(uow, ports, general, binding),
    )


def remove_all(uow: UnitOfWork, ports: Ports, account: Account, reason: RemovedReason) -> None:
    """End every live binding of a locked account, whichever side it is on."""
    if account.kind == "general":
        binding = uow.bindings.live_of_general(account.id)
        if binding is not None:
            remove(uow, ports, account, binding, reason)
        return
    for binding in uow.bindings.live_of_link(account.id):
        general = lock_general(uow, binding)
        if binding.is_live:  # the other side may have ended it while its row was waited for
            remove(uow, ports, general, binding, reason)


def _notice(uow: UnitOfWork, ports: Ports, general: Account, binding: Binding) -> MailRequest | None:
    """Tell the side that did not end it (UNB-5)."""
    reason = binding.removed_reason
    link = uow.accounts.get(binding.link_account_id)
    if reason is None or reason in _SILENT or link is None:
        return None
    to_general = reason in {"link", "operator"} or link.closed_at is not None
    reader = general if to_general and general.closed_at is None else link
    return MailRequest(
        reader.email,
        reader.name,
        MailRequest.notice(reader, ports.clock.now()).expires_at,
        username=general.username,
        company=general.company_name,
        link_username=link.username,
        link_name=link.name,
        link_company=link.company_name,
        removed_by=reason,
        reader=reader.kind,
    )
