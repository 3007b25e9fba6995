"""Accepting the three texts (LOGIN-3)."""

from collections.abc import Iterable

from identity.domain.errors import StepRequired
from identity.domain.session import ClientInfo, Principal
from identity.usecases.audit import recording
from identity.usecases.ports import Ports


def accept(
    ports: Ports, principal: Principal, accepted: Iterable[tuple[str, str]], *, client: ClientInfo
) -> None:
    """Keep which text was accepted in which version, when and from where. Raises ConsentOutdated, StepRequired."""
    if principal.next_step not in {None, "consent"}:
        raise StepRequired(str(principal.next_step))
    texts = ports.rules.consents
    texts.check(accepted)
    if principal.consented:
        return  # and what was accepted stays as it was
    with ports.unit_of_work() as uow:
        uow.consents.accept(principal.actor.id, texts.texts, now=ports.clock.now(), address=client.address)
        uow.sessions.consent(principal.session_id, texts.digest)
        versions = {text.document: text.version for text in texts.texts}
        recording.record(uow, ports, "consent.accepted", principal.actor.id, versions=versions)
        uow.commit()
