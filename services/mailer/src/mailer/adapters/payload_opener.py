"""Opens what identity sealed for the mailer (SEC-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from port_events.sealing import SealError, UnknownKey

from mailer.domain.errors import UnreadableError

if TYPE_CHECKING:
    from port_events.envelope import Entry
    from port_events.sealing import MailPayload, Opener


class SealedPayloadOpener:
    """See `mailer.usecases.ports.Letters`."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def open(self, entry: Entry) -> MailPayload:
        """Return the letter of this very entry; UnreadableError for anything else."""
        try:
            return self._opener.open(entry.sealed or "", event_id=entry.event.id, event_type=entry.event.type)
        except UnknownKey as error:
            raise UnreadableError(f"sealed or signed with the unknown key {error.kid}") from None
        except SealError as error:
            raise UnreadableError(f"{type(error).__name__}: {error}") from None
