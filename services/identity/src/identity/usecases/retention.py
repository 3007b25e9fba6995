"""What time alone ends: unverified accounts and bindings, and what nobody needs any more (VER-7, BIND-8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain import account as accounts
from identity.domain import binding as bindings
from identity.domain.link import Purpose
from identity.usecases.ports import Ports
from identity.usecases.steps.email_change import drop_expired_email_change
from identity.usecases.steps.ending import close
from identity.usecases.unbinding import lock_general, remove

_BATCH = 200


class Purger(Protocol):
    """Deletes rows that are past their time."""

    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        """Delete ended sessions, old links and counters; return how many rows."""

    def purge_events(self, before: datetime) -> int:
        """Delete what was published before, the oldest first; return how many.

        Stops at an event whose mail still waits, and at the newest: the feed stays without a gap, and the next
        position follows the last.
        """


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """How many of each."""

    accounts: int
    bindings: int
    email_changes: int
    rows: int
    events: int


def clean_up(ports: Ports, sweeper: Purger) -> CleanupResult:
    """Lapse and sweep; may run anywhere, often, at once: each change is judged again under its lock."""
    now = ports.clock.now()
    return CleanupResult(
        accounts=_lapse_accounts(ports, now),
        bindings=_lapse_bindings(ports, now),
        email_changes=_forget_email_changes(ports, now),  # found by their links, which are swept next
        rows=sweeper.purge(now, idle_since=now - ports.rules.sessions.idle),
        events=sweeper.purge_events(now - ports.rules.feed_retention),
    )


def _lapse_accounts(ports: Ports, now: datetime) -> int:
    done = 0
    while True:
        with ports.unit_of_work() as uow:
            due = uow.accounts.lapsed(now - accounts.UNVERIFIED_LIFETIME, _BATCH)
        for account_id in due:
            with ports.unit_of_work() as uow:
                account = uow.accounts.locked(account_id)
                if account is not None and account.closed_at is None and account.has_lapsed(now):
                    close(uow, ports, account, "lapsed")
                    done += 1
                uow.commit()
        if len(due) < _BATCH:
            return done


def _lapse_bindings(ports: Ports, now: datetime) -> int:
    done = 0
    while True:
        with ports.unit_of_work() as uow:
            due = uow.bindings.lapsed(now - bindings.UNVERIFIED_LIFETIME, _BATCH)
        for binding_id in due:
            with ports.unit_of_work() as uow:
                binding = uow.bindings.get(binding_id)
                general = lock_general(uow, binding) if binding else None
                if binding and general and binding.has_lapsed(now):
                    remove(uow, ports, general, binding, "lapsed")
                    done += 1
                uow.commit()
        if len(due) < _BATCH:
            return done


def _forget_email_changes(ports: Ports, now: datetime) -> int:
    done = 0
    while True:
        with ports.unit_of_work() as uow:
            due = uow.links.pending_changes(now - Purpose.EMAIL_CHANGE.lifetime, _BATCH)
        for account_id in due:
            with ports.unit_of_work() as uow:
                account = uow.accounts.locked(account_id)
                if account is not None and drop_expired_email_change(uow, account, now):
                    done += 1
                uow.commit()
        if len(due) < _BATCH:
            return done
