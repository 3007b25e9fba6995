"""Grants with their codes and tokens (OIDC)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveGrant, Code, EndedGrant, EndReason, Grant, Token


class Grants(Protocol):
    """The grants. Every `end…` also ends the children of the grants, and returns all ended grants.

    Only `steps.session_termination` calls `end…`, so that each end is recorded and its client notified.
    """

    def open(self, grant: Grant) -> bool:
        """Add a grant in one conditional statement; return False if one of its dependencies has ended (OIDC-8).

        The dependencies are the session, the active accounts, the verified binding and the client. They are locked
        until the commit, so that a transaction that ends one of them finds the grant.
        """

    def open_child(self, grant: Grant) -> bool:
        """Add a grant that depends on its parent instead of a session; otherwise like `open`."""

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant, even if it has ended."""

    def locked(self, grant_id: str) -> Grant | None:
        """Return a grant that has not ended, locked until the commit."""

    def active(self, grant_id: str, now: datetime) -> ActiveGrant | None:
        """Return a grant if it and its dependencies are active, by the conditions of `active_token`."""

    def record_refresh(self, grant_id: str, now: datetime) -> bool:
        """Record the time of a refresh; return False if the last recorded one was less than a minute ago (OIDC-29)."""

    def last_account(self, holder_id: str, client: str) -> str | None:
        """Return the account that a person acted as in the newest grant for a client."""

    def add_code(self, code: Code) -> None:
        """Add a code."""

    def use_code(self, digest: str, now: datetime) -> Code | None:
        """Mark an unused, unexpired code as used in one statement; return the code, or None (OIDC-9)."""

    def code(self, digest: str) -> Code | None:
        """Return a code, even if it is used or expired."""

    def add_token(self, token: Token) -> None:
        """Add a token."""

    def token(self, digest: str) -> Token | None:
        """Return a token, even if it is used or expired."""

    def void_token(self, digest: str, now: datetime) -> None:
        """Invalidate an unused token."""

    def move(self, former_session_id: str, session_id: str) -> None:
        """Assign the grants of one session to another session of the same person."""

    def end(self, grant_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End one grant."""

    def end_of_sessions(
        self, session_ids: Sequence[str], reason: EndReason, now: datetime, *, holder_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants of these sessions; with `holder_id`, only those of that account."""

    def end_of_account(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants that the account opened and those that act as the account."""

    def end_of_holder(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str
    ) -> Sequence[EndedGrant]:
        """End the grants that the account opened, except those of one session."""

    def end_of_binding(self, binding_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End the grants that use a binding."""

    def end_of_client(self, client: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End all grants of a client."""

    def end_expired(self, now: datetime, *, limit: int) -> Sequence[EndedGrant]:
        """End grants at the absolute end of their login, except locked grants. Children have the same expiry."""
