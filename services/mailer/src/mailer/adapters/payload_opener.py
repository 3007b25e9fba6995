"""Opens the mail payloads that identity sealed (SEC-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from port_events.sealing import SealError, UnknownKey
from typing_extensions import override

from mailer.domain.errors import UnreadableError
from mailer.usecases.delivery_ports import PayloadOpener

if TYPE_CHECKING:
    from port_events.envelope import Entry
    from port_events.mail_payload import MailPayload
    from port_events.sealing import Opener


class SealedPayloadOpener(PayloadOpener):
    """Decrypts a payload, and verifies its signature and that it belongs to the entry's event."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    @override
    def open(self, entry: Entry) -> MailPayload:
        try:
            return self._opener.open(entry.sealed or "", event_id=entry.event.id, event_type=entry.event.type)
        except UnknownKey as error:
            raise UnreadableError(f"sealed or signed with the unknown key {error.kid}") from None
        except SealError as error:
            raise UnreadableError(f"{type(error).__name__}: {error}") from None
