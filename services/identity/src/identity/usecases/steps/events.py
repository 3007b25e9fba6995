"""From a change to its event: announced in the same transaction; `relaying` publishes it after the commit (EVT-2)."""

from datetime import datetime

from port_events import catalogue
from port_events.envelope import SOURCE, Event, to_json
from port_events.sealing import MailPayload
from port_runtime import tracing

from identity.domain.account import Account
from identity.domain.link import Challenge, Purpose
from identity.usecases.audit import recording
from identity.usecases.ports import NOTICE_LIFETIME, Ports, UnitOfWork
from identity.usecases.repositories import OutboxEntry

_OPAQUE = frozenset({"binding_id", "fields", "kind", "link_account_id", "reason"})
"""What of an event's data the audit log keeps: it outlives a person's data, so no name stands in it (OPS-6)."""


class MailRequest:
    """What the mailer is to send with an event: to whom, until when it is worth sending, the words to fill in."""

    def __init__(self, address: str, name: str, expires_at: datetime, **content: str) -> None:
        self.address = address
        self.name = name
        self.expires_at = expires_at
        self.content = content

    @classmethod
    def notice(cls, account: Account, now: datetime, **content: str) -> "MailRequest":
        """Return a notice to an account's own mailbox."""
        return cls(
            account.email, account.name, now + NOTICE_LIFETIME, **{"username": account.username, **content}
        )


def record_event(
    uow: UnitOfWork,
    ports: Ports,
    account: Account,
    data: catalogue.EventData,
    *,
    mail: MailRequest | None = None,
) -> None:
    """Write an event of the account into the outbox, and who caused it into the audit log.

    The account's row must be locked or new, so that the order holds.
    """
    kind = catalogue.event_type_of(data)
    now = ports.clock.now()
    account.sequence += 1
    event = Event(
        id=ports.randomness.identifier(),
        type=kind.type,
        source=SOURCE,
        subject=account.id,
        time=now,
        sequence=account.sequence,
        dataschema=kind.dataschema,
        data=data.as_json(),
        traceparent=tracing.traceparent(),
    )
    uow.outbox.add(
        OutboxEntry(
            event_id=event.id,
            type=event.type,
            subject=event.subject,
            ce=to_json(event),
            created_at=now,
            sealed=ports.sealer.seal(_payload(event, mail)) if mail else None,
            mail_expires_at=mail.expires_at if mail else None,
        )
    )
    detail = {name: value for name, value in event.data.items() if name in _OPAQUE}
    recording.record(uow, ports, kind.short, account.id, **detail)


def _payload(event: Event, mail: MailRequest) -> MailPayload:
    return MailPayload(
        event_id=event.id,
        event_type=event.type,
        address=mail.address,
        name=mail.name,
        issued_at=event.time,
        expires_at=mail.expires_at,
        content=mail.content,
    )


def issue_link(
    uow: UnitOfWork, ports: Ports, account: Account, purpose: Purpose, *, email: str
) -> MailRequest:
    """Put a new challenge in the place of the older one and return the mail that carries its link (SEC-4)."""
    challenge = Challenge(
        account_id=account.id,
        purpose=purpose.value,
        value=ports.randomness.token(),
        email=email,
        issued_at=ports.clock.now(),
    )
    uow.links.put(challenge)
    token = ports.tokens.link(purpose, account.id, challenge.value)
    link = f"{ports.rules.public_url}{purpose.path}?token={token}"
    return MailRequest(email, account.name, challenge.expires_at, username=account.username, link=link)
