"""Port for storing sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.session import Principal, Session


class NewSessions(Protocol):
    """Opening a session in one statement, which commits by itself."""

    def open(self, session: Session, entry: Entry, *, credential_version: int, idle_since: datetime) -> bool:
        """Add a session with its audit entry; return False if the caller must fall back to `Sessions.open`.

        That is, if `Sessions.open` would return False, if older sessions must end, or if the database has no such
        statement.
        """


class Sessions(Protocol):
    """The open sessions; ending one deletes it."""

    def open(self, session: Session, *, credential_version: int) -> bool:
        """Add a session; return False if its account is now closed, suspended or has another password."""

    def get(self, session_id: str) -> Session | None:
        """Return an open session."""

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return the sessions that an account opened and those that act as it, newest first."""

    def of_holder(self, account_id: str) -> Sequence[Session]:
        """Return the sessions that an account opened, newest first."""

    def reissue(
        self, principal: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        """Give the session a new token and account; return False when it has ended or changed meanwhile."""

    def consent(self, session_id: str, digest: str) -> None:
        """Record that the texts with this digest were accepted."""

    def end(self, session_id: str) -> None:
        """End a session."""

    def end_oldest(self, newest: Session, *, keep: int, idle_since: datetime) -> Sequence[str]:
        """End the open sessions of a new session's account beyond the newest `keep`; return their ids."""

    def end_of_holder(self, account_id: str, *, session_id: str) -> bool:
        """End a session that the account opened; return False when there is none with this id."""

    def end_others(self, account_id: str, *, except_id: str) -> int:
        """End all sessions that the account opened except one; return how many."""

    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        """End the sessions that the account opened and those that act as it; return how many."""

    def end_of_binding(self, binding_id: str) -> None:
        """End every session that uses the binding (SW-5)."""
