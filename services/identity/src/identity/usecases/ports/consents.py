"""The consent texts that accounts accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain import consent


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A text that an account accepted."""

    document: str
    version: str
    accepted_at: datetime
    address: str


class Consents(Protocol):
    """The accepted texts (LOGIN-3)."""

    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        """Return the texts that an account accepted, oldest first."""

    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
        """Store the version of each text with time and client address."""

    def forget_addresses(self, account_id: str) -> None:
        """Delete the client addresses of an account's consents (OPS-6)."""
