"""Grants with their codes and tokens (OIDC)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveGrant, Code, EndedGrant, EndReason, Grant, Token


class Grants(Protocol):
    """The grants. Every `end…` ends the children of what it ends too, and returns all that it ended.

    Only `steps.ending` calls them, so that each end is recorded and told to its client.
    """

    def open(self, grant: Grant) -> bool:
        """Add a grant with one conditional statement; return False if anything it depends on has ended (OIDC-8).

        That is: the session, the active accounts, the verified binding, the client. They stay as they are until the
        commit, so that whoever ends one of them finds the grant.
        """

    def open_child(self, grant: Grant) -> bool:
        """Add a grant that depends on its parent instead of a session; return False as `open` does."""

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant, also one that has ended."""

    def locked(self, grant_id: str) -> Grant | None:
        """Return a grant that has not ended, locked until the commit."""

    def active(self, grant_id: str, now: datetime) -> ActiveGrant | None:
        """Return a grant if it and all it depends on are active, by the conditions of `active_token`."""

    def record_refresh(self, grant_id: str, now: datetime) -> bool:
        """Set when the grant was refreshed last; return False if that was less than a minute ago (OIDC-29)."""

    def last_account(self, holder_id: str, client: str) -> str | None:
        """Return the account that a person acted as when a grant was last opened for a client."""

    def add_code(self, code: Code) -> None:
        """Add a code."""

    def use_code(self, digest: str, now: datetime) -> Code | None:
        """Mark an unused, unexpired code as used with one statement, and return it; None if there is none (OIDC-9)."""

    def code(self, digest: str) -> Code | None:
        """Return a code, also a used or expired one."""

    def add_token(self, token: Token) -> None:
        """Add a token."""

    def token(self, digest: str) -> Token | None:
        """Return a token, also a used or expired one."""

    def void_token(self, digest: str, now: datetime) -> None:
        """Void an unused token."""

    def move(self, former_session_id: str, session_id: str) -> None:
        """Let the grants that were opened from one session go on with another one of the same person."""

    def end(self, grant_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End one grant."""

    def end_of_sessions(
        self, session_ids: Sequence[str], reason: EndReason, now: datetime, *, holder_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants that were opened from these sessions; with `holder_id`, only that account's."""

    def end_of_account(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants that the account holds and those that act as it."""

    def end_of_holder(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str
    ) -> Sequence[EndedGrant]:
        """End the grants that the account holds, except those of one session."""

    def end_of_binding(self, binding_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End the grants made through a binding."""

    def end_of_client(self, client: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End all grants of a client."""

    def end_expired(self, now: datetime, *, limit: int) -> Sequence[EndedGrant]:
        """End grants at the absolute end of their login, skipping locked ones; children reach it by themselves."""
