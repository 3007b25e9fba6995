"""Cleanup by time: everything that `identity tidy` closes and deletes (VER-7, BIND-8, OPS-6)."""

from dataclasses import dataclass

from identity.usecases.lapse import drop_expired_email_changes, lapse_accounts, lapse_bindings
from identity.usecases.ports import Ports
from identity.usecases.ports.purger import Purger


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """How many of each were changed or deleted."""

    accounts: int
    bindings: int
    email_changes: int
    rows: int
    events: int


def clean_up(ports: Ports, purger: Purger) -> CleanupResult:
    """Close what has lapsed and delete what has expired. Runs may overlap: every change is checked under its lock."""
    now = ports.clock.now()
    return CleanupResult(
        accounts=lapse_accounts(ports, now),
        bindings=lapse_bindings(ports, now),
        email_changes=drop_expired_email_changes(
            ports, now
        ),  # before the purge: they are found by their links
        rows=purger.purge(now, idle_since=now - ports.rules.sessions.idle),
        events=purger.purge_events(now - ports.rules.feed_retention),
    )
