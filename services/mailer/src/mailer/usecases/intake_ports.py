"""The ports of the intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from port_events.envelope import Entry

    from mailer.usecases.delivery_ports import Claim


class Stream(Protocol):
    """The stream of mails, read as a consumer group whose pending list contains the unfinished entries."""

    def open(self) -> None:
        """Create the group if it is missing, starting at the stream's first entry."""

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Return up to `count` new entries, waiting up to `block_ms` for the first."""

    def take_over(self, idle_ms: int, count: int) -> list[Entry]:
        """Take over up to `count` entries that no mailer has touched for `idle_ms`, and return them."""

    def fetch(self, entry_id: str) -> Entry | None:
        """Read an entry again; return None if the stream no longer has it."""

    def ack(self, entry_ids: list[str]) -> None:
        """Remove entries from the pending list."""

    def touch(self, entry_ids: list[str]) -> None:
        """Record this mailer's heartbeat, and reset the idle time of these entries."""

    def remove_gone_members(self) -> list[str]:
        """Remove mailers that have been silent for an hour and have no pending entries; return their names."""


class Queue(Protocol):
    """The queue between the intake and the workers of one process."""

    def enqueue(self, entry_ids: list[str]) -> None:
        """Enqueue a message for each entry."""

    def remove_queue(self, name: str) -> None:
        """Delete the queue of a mailer that no longer runs."""


class Leases(Protocol):
    """The intake's interface to the ledger."""

    def claim_all(self, entries: list[Entry]) -> list[Claim]:
        """Claim entries in one round trip; return the claims in the same order."""

    def settle(self) -> None:
        """Record sent mails again if Redis may have lost their records."""

    def renew(self) -> None:
        """Extend the leases of all claims of this process, so that they do not expire while the mail server is slow."""


class MailServerStatus(Protocol):
    """The intake's interface to the mail transport."""

    def is_unavailable(self) -> bool:
        """Return whether the last attempt to reach or use the server failed."""

    def close_idle(self) -> None:
        """Close connections that have been unused for a while."""


class QueuePause(Protocol):
    """An operator's pause of the whole queue."""

    def poll(self) -> bool:
        """Read the pause; return whether the queue was resumed since the last poll."""
