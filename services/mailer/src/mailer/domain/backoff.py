"""How long to wait before the next try: the one table of every wait of the mailer (MAIL-5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the next try after the first, second, … failure; the last repeats.

    `jitter` is the greatest part by which chance shortens a wait, so that mails put off together do not come back
    together; it never lengthens one.
    """

    seconds: tuple[int, ...]
    jitter: float = 0.2

    def after(self, failures: int, *, fraction: float) -> float:
        """Return the seconds to wait after so many failures (1 or more); `chance` is from 0 to 1."""
        longest = self.seconds[min(failures, len(self.seconds)) - 1]
        return longest * (1 - self.jitter * fraction)


# By the category of the refusal (`mailer.domain.attempt`), or by what else is waited for. None is longer than five
# minutes, so that a mail server's short illness never delays a mail for hours; the mail's own validity ends them all.
BACKOFFS: Final[Mapping[str, Backoff]] = {
    # A server that is busy is back soon; one that greylists asks for one to five minutes.
    "temporarily_refused": Backoff((5, 15, 60, 120, 300)),
    # Nobody tidies a full mailbox within seconds.
    "mailbox_full": Backoff((60, 120, 300)),
    # Our own account or sender is refused, and an operator is at it: soon enough to see that it is mended.
    "misconfigured": Backoff((15, 30, 60)),
    # A fault of ours, as in a template.
    "fault": Backoff((5, 15, 60, 120, 300)),
    # The mail server cannot be reached: one knock for all mails of a process, so chance has nothing to spread.
    "server_away": Backoff((1, 2, 5, 10, 15), jitter=0),
    # Redis or the like fails under one entry.
    "trouble": Backoff((5,)),
    # More mails to one domain than its ceiling lets through: how soon the ceiling is looked at again, at the latest.
    "ceiling": Backoff((300,)),
}
MAX_SECONDS: Final = 300


def backoff_seconds(reason: str, failures: int, *, fraction: float) -> float:
    """Return the wait for this reason; what has no row waits as a temporary refusal."""
    return BACKOFFS.get(reason, BACKOFFS["temporarily_refused"]).after(failures, fraction=fraction)
