"""Queries outside a unit of work: who makes a request, and the state of a verification mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account
from identity.domain.credential import Credential
from identity.domain.registration_rejection import Rejection
from identity.domain.service_client import ServiceClient
from identity.domain.session import Lifetimes, Principal


@dataclass(frozen=True, slots=True)
class MailState:
    """The state of a mail: waiting, sent or refused, since `at`.

    `category` is the reason for a refusal, such as `expired`.
    """

    state: str
    at: datetime
    category: str | None


class PrincipalQueries(Protocol):
    def principal(
        self, token_digest: str, *, consents: str, lifetimes: Lifetimes, now: datetime
    ) -> Principal | None:
        """Return the principal of a session, and record its use at most once a minute.

        Returns None if the session has ended or expired, or if one of its accounts has lapsed or is suspended or
        closed.
        """

    def account(self, account_id: str) -> Account | None: ...

    def by_username(self, key: str) -> Account | None:
        """Return the open account with this username key."""

    def credential(self, key: str, now: datetime) -> tuple[Credential | None, Rejection | None]:
        """Return the credential of the open account with this username key, and the newest rejection for the key.

        Only a rejection that can still be shown is returned (REV-3). The work is the same whether or not they exist
        (LOGIN-1).
        """

    def rejection_of_session(self, token_digest: str, now: datetime) -> Rejection | None:
        """Return the rejection of the session's account if it can still be shown (REV-3)."""

    def service_client(self, digest: str) -> ServiceClient | None:
        """Return the client with this current or former secret (SEC-12). A former secret may have expired."""

    def verification_mail(self, account_id: str) -> MailState | None:
        """Return the state of the newest verification mail in the outbox, or of the notice in its place (VER-6).

        The notice goes to the owner of a mailbox that is taken (REG-9).
        """
