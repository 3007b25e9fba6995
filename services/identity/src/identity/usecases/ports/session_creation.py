"""Creation of a session outside the unit of work."""

from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.session import Session


class SessionCreation(Protocol):
    def open(self, session: Session, entry: Entry, *, credential_version: int, idle_since: datetime) -> bool:
        """Add a session with its audit entry in one autocommitted statement; return False if that is impossible.

        The caller then uses `Sessions.open`. The reasons are that `Sessions.open` would return False, that older
        sessions must end, or that the database does not support the statement.
        """
