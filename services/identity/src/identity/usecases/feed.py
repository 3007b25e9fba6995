"""Catching up without the stream: the feed by position, and the state to begin from (EVT-6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.domain.errors import CursorExpired
from identity.usecases.facts import AccountState, BindingState, FeedEvent
from identity.usecases.ports import Ports


@dataclass(frozen=True, slots=True)
class Page:
    """Facts in order, and the position to go on from."""

    events: Sequence[FeedEvent]
    next: int


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a snapshot's paging has got to, and the feed's position when it began."""

    position: int
    account_id: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page of the state. Once there is no `next`, go on in the feed from `position`."""

    accounts: Sequence[AccountState]
    bindings: Sequence[BindingState]
    position: int
    next: Bookmark | None


def read(ports: Ports, *, after: int, limit: int) -> Page:
    """Return what follows a position, without a gap. Raises CursorExpired.

    Positions are given without a gap, so that one tells of facts that were dropped, or lost with a database that
    was restored from an older copy; beyond the newest there is nobody who got his position from this database.
    """
    facts = ports.feed.after(after, limit)
    if not facts:
        if after > ports.feed.newest():
            raise CursorExpired
        return Page((), after)
    if facts[0].position != after + 1:
        raise CursorExpired
    whole = [fact for place, fact in enumerate(facts, start=after + 1) if fact.position == place]
    return Page(whole, whole[-1].position)


def snapshot(ports: Ports, bookmark: Bookmark | None, *, limit: int) -> Snapshot:
    """Return a page of the accounts that are not closed, with the live bindings of the general ones.

    The position is taken before the first account is read: what changes while somebody pages comes in the feed
    behind it, and what a page knew already the account's sequence tells.
    """
    start = bookmark or Bookmark(ports.feed.newest(), "")
    accounts = ports.feed.accounts(start.account_id, limit)
    bindings = ports.feed.bindings([each.id for each in accounts if each.kind == "general"])
    more = Bookmark(start.position, accounts[-1].id) if len(accounts) == limit else None
    return Snapshot(accounts, bindings, start.position, more)
