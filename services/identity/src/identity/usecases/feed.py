"""The event feed by position, and the snapshot from which consumers start (EVT-6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.domain.errors import CursorExpired
from identity.usecases.ports import Ports
from identity.usecases.ports.feed import AccountState, BindingState, FeedEvent


@dataclass(frozen=True, slots=True)
class Page:
    events: Sequence[FeedEvent]
    next: int
    """The position after which the next page starts."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    position: int
    """The feed's newest position when the first page was read."""
    account_id: str
    """The last account of the previous page."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page of the snapshot. After the last page, the consumer continues in the feed from `position`."""

    accounts: Sequence[AccountState]
    bindings: Sequence[BindingState]
    position: int
    next: Bookmark | None
    """None if this is the last page."""


def read(ports: Ports, *, after: int, limit: int) -> Page:
    """Return the events after a position, up to the first gap. Raises CursorExpired.

    Positions are consecutive: a missing position was purged, or lost when the database was restored from a backup. A
    cursor beyond the newest position comes from another database, or from the time before such a restore.
    """
    events = ports.feed.after(after, limit)
    if not events:
        if after > ports.feed.newest():
            raise CursorExpired
        return Page((), after)
    if events[0].position != after + 1:
        raise CursorExpired
    gapless = [event for position, event in enumerate(events, start=after + 1) if event.position == position]
    return Page(gapless, gapless[-1].position)


def snapshot(ports: Ports, bookmark: Bookmark | None, *, limit: int) -> Snapshot:
    """Return a page of accounts that are not closed, with the live bindings of the general accounts.

    The position is read before the first account. Changes made while the consumer reads the pages follow that position
    in the feed; the account's `sequence` shows whether a page already contains a change.
    """
    start = bookmark or Bookmark(ports.feed.newest(), "")
    accounts = ports.feed.accounts(start.account_id, limit)
    bindings = ports.feed.bindings([each.id for each in accounts if each.kind == "general"])
    more = Bookmark(start.position, accounts[-1].id) if len(accounts) == limit else None
    return Snapshot(accounts, bindings, start.position, more)
