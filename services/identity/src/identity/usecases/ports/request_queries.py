"""Reads outside a transaction: those that nearly every request makes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account
from identity.domain.credential import Credential
from identity.domain.rejection import Rejection
from identity.domain.service_client import ServiceClient
from identity.domain.session import Lifetimes, Principal


@dataclass(frozen=True, slots=True)
class MailState:
    """`state` is waiting, sent or refused; `category` is why it was refused, in one word, e.g. `expired`."""

    state: str
    at: datetime | None
    category: str | None


class Queries(Protocol):
    """The reads that nearly every request makes, each in one statement."""

    def principal(
        self, token_digest: str, *, consents: str, lifetimes: Lifetimes, now: datetime
    ) -> Principal | None:
        """Return the principal of an open session, and record that the session was used."""

    def account(self, account_id: str) -> Account | None:
        """Return an account."""

    def by_username(self, key: str) -> Account | None:
        """Return the open account with this name."""

    def credential(self, key: str, now: datetime) -> tuple[Credential | None, Rejection | None]:
        """Return the credential of the open account with this name.

        With it comes the newest rejection of an application with this name that can still be shown (REV-3): whether
        there is either, the work is the same (LOGIN-1).
        """

    def rejection_of_session(self, token_digest: str, now: datetime) -> Rejection | None:
        """Return the rejection of the account that opened this session (REV-3)."""

    def service_client(self, digest: str) -> ServiceClient | None:
        """Return the client with this secret, current or former (SEC-12)."""

    def verification_mail(self, account_id: str) -> MailState | None:
        """Return the state of the newest verification mail (VER-6)."""
