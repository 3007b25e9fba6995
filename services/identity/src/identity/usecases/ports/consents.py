"""The versions of the consent texts that accounts have accepted (LOGIN-3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.consent_texts import Text


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    document: str
    version: str
    accepted_at: datetime
    address: str


class Consents(Protocol):
    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        """Return the versions that an account has accepted, oldest acceptance first."""

    def accept(self, account_id: str, texts: Iterable[Text], *, now: datetime, address: str) -> None:
        """Record that these versions were accepted; an earlier record of the same version stays as it is."""

    def forget_addresses(self, account_id: str) -> None:
        """Delete the client addresses of an account's consents (OPS-6)."""
