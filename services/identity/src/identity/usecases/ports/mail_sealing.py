"""Sealing of mails in the outbox, so that only the mailer can read them (SEC-9)."""

from typing import Protocol

from port_events.envelope import Event
from port_events.mail_payload import MailPayload

from identity.domain.mail import MailRequest


class Sealer(Protocol):
    """Signs and encrypts mail payloads for the mailer."""

    def seal(self, payload: MailPayload) -> str: ...


def sealed_mail(sealer: Sealer, event: Event, mail: MailRequest) -> str:
    payload = MailPayload(
        event_id=event.id,
        event_type=event.type,
        address=mail.mailbox,
        name=mail.name,
        issued_at=event.time,
        expires_at=mail.expires_at,
        content=mail.content,
    )
    return sealer.seal(payload)
