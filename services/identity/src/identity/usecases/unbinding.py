"""Ending bindings, from either side or with an account (UNB)."""

from port_events.catalogue import BindingRemoved

from identity.domain.account import Account
from identity.domain.binding import Binding, RemovedReason
from identity.domain.errors import NotFound
from identity.domain.session import Standing
from identity.usecases import auditing
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.publication import Mail, announce

_SILENT: frozenset[RemovedReason] = frozenset({"lapsed"})
"""Nobody is told of a binding that was not verified in time; an end before that is told as any other."""


def unbind_from_link(ports: Ports, standing: Standing, binding_id: str) -> None:
    """End a binding of one's own, or dismiss one the other side ended (UNB-1, UNB-4). Raises NotFound."""
    with ports.unit_of_work() as work:
        binding = work.bindings.get(binding_id)
        if binding is None or binding.link_account_id != standing.account.id:
            raise NotFound
        general = lock_general(work, binding)
        if binding.is_live:
            lapsed = binding.has_lapsed(ports.clock.now())
            remove(work, ports, general, binding, "lapsed" if lapsed else "link")
        elif not binding.dismissed:
            auditing.note(work, ports, "binding.dismissed", general.id, binding_id=binding.id)
        binding.dismissed = True
        work.commit()


def unbind_from_general(ports: Ports, standing: Standing) -> None:
    """End the binding of one's own account, verified or not (UNB-2). Raises NotFound."""
    with ports.unit_of_work() as work:
        general = work.accounts.locked(standing.account.id)
        binding = work.bindings.live_of_general(standing.account.id)
        if general is None or binding is None or binding.has_lapsed(ports.clock.now()):
            raise NotFound
        remove(work, ports, general, binding, "general")
        work.commit()


def lock_general(work: UnitOfWork, binding: Binding) -> Account:
    """Lock a binding's general account, then the binding: always in this order, so that nothing waits in a ring."""
    general = work.accounts.locked(binding.general_account_id)
    work.bindings.locked(binding.id)
    if general is None:
        raise NotFound
    return general


def remove(work: UnitOfWork, ports: Ports, general: Account, binding: Binding, reason: RemovedReason) -> None:
    """End a live binding of a locked general account: its code, and every session acting by it (SW-5)."""
    binding.remove(reason, ports.clock.now())
    work.codes.drop(binding.id)
    work.sessions.end_of_binding(binding.id)
    announce(
        work,
        ports,
        general,
        BindingRemoved(binding_id=binding.id, link_account_id=binding.link_account_id, reason=reason),
        mail=_notice(work, ports, general, binding),
    )


def remove_all(work: UnitOfWork, ports: Ports, account: Account, reason: RemovedReason) -> None:
    """End every live binding of a locked account, whichever side it is on."""
    if account.kind == "general":
        binding = work.bindings.live_of_general(account.id)
        if binding is not None:
            remove(work, ports, account, binding, reason)
        return
    for binding in work.bindings.live_of_link(account.id):
        general = lock_general(work, binding)
        if binding.is_live:  # the other side may have ended it while its row was waited for
            remove(work, ports, general, binding, reason)


def _notice(work: UnitOfWork, ports: Ports, general: Account, binding: Binding) -> Mail | None:
    """Tell the side that did not end it (UNB-5)."""
    reason = binding.removed_reason
    link = work.accounts.get(binding.link_account_id)
    if reason is None or reason in _SILENT or link is None:
        return None
    to_general = reason in {"link", "operator"} or link.closed_at is not None
    reader = general if to_general and general.closed_at is None else link
    return Mail(
        reader.email,
        reader.name,
        Mail.notice(reader, ports.clock.now()).expires_at,
        username=general.username,
        company=general.company_name,
        link_username=link.username,
        link_name=link.name,
        link_company=link.company_name,
        removed_by=reason,
        reader=reader.kind,
    )
