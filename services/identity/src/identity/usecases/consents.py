"""Accepting the three texts (LOGIN-3)."""

from collections.abc import Iterable

from identity.domain.errors import StepOpen
from identity.domain.session import Client, Standing
from identity.usecases import auditing
from identity.usecases.ports import Ports


def accept(ports: Ports, standing: Standing, accepted: Iterable[tuple[str, str]], *, client: Client) -> None:
    """Keep which text was accepted in which version, when and from where. Raises ConsentOutdated, StepOpen."""
    if standing.next_step not in {None, "consent"}:
        raise StepOpen(str(standing.next_step))
    texts = ports.rules.consents
    texts.check(accepted)
    if standing.consented:
        return  # and what was accepted stays as it was
    with ports.unit_of_work() as work:
        work.consents.accept(standing.holder.id, texts.texts, now=ports.clock.now(), address=client.address)
        work.sessions.consent(standing.session_id, texts.digest)
        versions = {text.document: text.version for text in texts.texts}
        auditing.note(work, ports, "consent.accepted", standing.holder.id, versions=versions)
        work.commit()
