"""Acceptance of the consent texts (LOGIN-3)."""

from collections.abc import Iterable

from identity.domain.errors import StepRequired
from identity.domain.session import ClientInfo, Principal
from identity.usecases.ports import Ports


def accept(
    ports: Ports, principal: Principal, accepted: Iterable[tuple[str, str]], *, client: ClientInfo
) -> None:
    """Store the accepted versions of the texts, with the time and the client address, and record them in the session.

    In a session that has accepted them already, nothing changes. Raises ConsentOutdated, StepRequired.
    """
    if principal.next_step not in {None, "consent"}:
        raise StepRequired(str(principal.next_step))
    texts = ports.rules.consents
    texts.check(accepted)
    if principal.consented:
        return
    account_id = principal.actor.id
    with ports.unit_of_work() as uow:
        uow.consents.accept(account_id, texts.texts, now=uow.clock.now(), address=client.address)
        uow.sessions.consent(principal.session_id, texts.digest)
        versions = {text.document: text.version for text in texts.texts}
        uow.record_action("consent.accepted", account_id, versions=versions)
        uow.commit()
