"""Cleanup of lapsed and expired data, run by `identity tidy` (VER-7, BIND-8, OPS-6)."""

from dataclasses import dataclass

from identity.usecases.lapse import drop_expired_email_changes, lapse_accounts, lapse_bindings
from identity.usecases.ports import Ports
from identity.usecases.ports.purger import Purger


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """The numbers of lapsed accounts, bindings and changes of mailbox, and of deleted rows and events."""

    accounts: int
    bindings: int
    email_changes: int
    rows: int
    events: int


def clean_up(ports: Ports, purger: Purger) -> CleanupResult:
    """End what was not verified in time, and delete expired rows and events. Runs may overlap."""
    now = ports.clock.now()
    return CleanupResult(
        accounts=lapse_accounts(ports),
        bindings=lapse_bindings(ports),
        # Before the purge, which deletes the links that identify the changes.
        email_changes=drop_expired_email_changes(ports),
        rows=purger.purge(now, idle_since=now - ports.rules.sessions.idle),
        events=purger.purge_events(now - ports.rules.feed_retention),
    )
