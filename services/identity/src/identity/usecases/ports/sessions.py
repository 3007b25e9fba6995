"""Sessions of logged-in accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.session import Principal, Session


class Sessions(Protocol):
    """The stored sessions; some may have expired. Ending a session deletes its row."""

    def open(self, session: Session, *, credential_version: int) -> bool:
        """Add a session and lock its account's row until the commit.

        Returns False if the account was closed or suspended or its password changed.
        """

    def get(self, session_id: str) -> Session | None:
        """Return a session, even if it has expired."""

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return the sessions that an account opened and those that act as the account, newest first."""

    def of_holder(self, account_id: str) -> Sequence[Session]:
        """Return the sessions that an account opened, newest first."""

    def reissue(
        self, principal: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        """Replace the session's token and account; return False if the session has ended or its token was replaced."""

    def consent(self, session_id: str, digest: str) -> None:
        """Record in the session the digest of the consent texts that were accepted."""

    def end(self, session_id: str, *, holder_id: str | None) -> bool:
        """End a session; with `holder_id`, only if that account opened it. Return False if there is none."""

    def end_oldest(self, newest: Session, *, keep: int, idle_since: datetime) -> Sequence[str]:
        """End the open sessions of an account beyond its `keep` newest, which include `newest`; return their ids.

        A session is open within its absolute lifetime and if it was used after `idle_since`. Locked sessions are
        skipped, so that concurrent logins do not wait for each other.
        """

    def end_others(self, account_id: str, *, except_id: str) -> int:
        """End all sessions that the account opened, except one; return their number."""

    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        """End the sessions that the account opened and those that act as it, except one; return their number."""

    def end_of_binding(self, binding_id: str) -> None:
        """End every session that uses the binding (SW-5)."""
