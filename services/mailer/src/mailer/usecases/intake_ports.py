"""What bringing the work to the deliveries needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from port_events.envelope import Entry

    from mailer.usecases.ports import Claim


class Stream(Protocol):
    """The event stream as the mailers' group reads it; its pending list is the work that is not finished."""

    def open(self) -> None:
        """Make the group where it is missing."""
        ...

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Return new entries, waiting for the first."""
        ...

    def take_over(self, idle_ms: int, count: int) -> list[Entry]:
        """Return entries whose mailer has not been heard of for so long; they are ours now."""
        ...

    def fetch(self, entry_id: str) -> Entry | None:
        """Read an entry again; None when the stream no longer has it."""
        ...

    def acknowledge(self, entry_ids: list[str]) -> None:
        """Take entries off the pending list."""
        ...

    def touch(self, entry_ids: list[str]) -> None:
        """Say that these are still being worked on."""
        ...

    def remove_gone_members(self) -> list[str]:
        """Remove mailers that are gone and hold nothing; return their names."""
        ...


class Queue(Protocol):
    """The queue between the intake and the workers of one process."""

    def enqueue(self, entry_ids: list[str]) -> None:
        """Have `deliver` called with each."""
        ...

    def remove_queue(self, name: str) -> None:
        """Delete the queue that the mailer of this name has left."""
        ...


class Leases(Protocol):
    """The ledger's side that the intake looks at."""

    def claim_all(self, entries: list[Entry]) -> list[Claim]:
        """Ask to send each; the answers in the same order."""
        ...

    def renew(self) -> None:
        """Lengthen the leases of what is under way."""
        ...


class MailServerStatus(Protocol):
    """The mail server's side that the intake looks at."""

    def is_unavailable(self) -> bool:
        """Tell whether the server could not be reached at the last attempt."""
        ...

    def close_idle(self) -> None:
        """Close connections that were not used for a while."""
        ...


class QueuePause(Protocol):
    """An operator's pause of the whole queue."""

    def poll(self) -> bool:
        """Ask whether the queue is paused; return whether it goes on since this look."""
        ...
