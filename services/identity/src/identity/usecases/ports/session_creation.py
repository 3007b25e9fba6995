"""Creation of a session outside the unit of work."""

from datetime import datetime
from typing import Protocol

from identity.domain.audit import Entry
from identity.domain.session import Session


class SessionCreation(Protocol):
    def open(self, session: Session, entry: Entry, *, credential_version: int, idle_since: datetime) -> bool:
        """Add a session with its audit entry in one autocommitted statement.

        Returns False, without changes, if `Sessions.open` would return False, if older sessions must end, or if the
        database does not support the statement. The caller then uses `Sessions.open`.
        """
