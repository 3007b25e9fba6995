"""Creation of a session outside the unit of work."""

from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.session import Session


class SessionCreation(Protocol):
    """Creation of a session by one autocommitted statement."""

    def open(self, session: Session, entry: Entry, *, credential_version: int, idle_since: datetime) -> bool:
        """Add a session with its audit entry; return False if the caller must use `Sessions.open` instead.

        That is the case if `Sessions.open` would return False, if older sessions must end, or if the database does not
        support the statement.
        """
