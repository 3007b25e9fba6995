"""Grants with their codes and tokens (OIDC)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveGrant, Code, EndedGrant, EndReason, Grant, Token


class Grants(Protocol):
    """Each `end…` method skips grants that have ended, and returns those that it ends.

    All except `end_expired` also end the child grants. Only `steps.session_termination` calls these methods, so
    that each end is recorded and its client notified.
    """

    def open(self, grant: Grant) -> bool:
        """Add a grant in one conditional statement; return False if one of its dependencies is not active (OIDC-8).

        The dependencies are the session, or a child's parent grant, both accounts, the verified binding (if the grant
        has one) and the client. They are locked until the commit, so that a transaction that ends one of them finds the
        grant.
        """

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant, even if it has ended."""

    def active(self, grant_id: str, now: datetime) -> ActiveGrant | None:
        """Return a grant if it, both its accounts, its binding (if any) and its client are active."""

    def record_refresh(self, grant_id: str, now: datetime) -> bool:
        """Record the time of a refresh, at most once a minute; return whether it was recorded (OIDC-29)."""

    def last_account(self, holder_id: str, client: str) -> str | None:
        """Return the account id of a person's newest grant for a client, even if it has ended."""

    def add_code(self, code: Code) -> None: ...

    def use_code(self, digest: str, now: datetime) -> Code | None:
        """Mark an unused, unexpired code as used in one statement; return the code, or None (OIDC-9)."""

    def code(self, digest: str) -> Code | None:
        """Return a code, even if it is used or expired."""

    def add_token(self, token: Token) -> None: ...

    def token(self, digest: str) -> Token | None:
        """Return a token, even if it is used or expired."""

    def void_token(self, digest: str, now: datetime) -> None:
        """Mark a token as used, unless it already is; used tokens are not active."""

    def move(self, former_session_id: str, session_id: str) -> None:
        """Assign a session's grants that have not ended to another session."""

    def end(self, grant_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]: ...

    def end_of_sessions(
        self, session_ids: Sequence[str], reason: EndReason, now: datetime, *, holder_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants of these sessions; with `holder_id`, only those of that account."""

    def end_of_account(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str | None = None
    ) -> Sequence[EndedGrant]:
        """End the grants that the account opened and those that act as it, except those of one session."""

    def end_of_holder(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str
    ) -> Sequence[EndedGrant]:
        """End the grants that the account opened, except those of one session."""

    def end_of_binding(self, binding_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]: ...

    def end_of_client(self, client: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]: ...

    def end_expired(self, now: datetime, *, limit: int) -> Sequence[EndedGrant]:
        """End at most `limit` expired grants, skipping locked ones, which a later call ends.

        Child grants expire with their parents and count like other grants.
        """
