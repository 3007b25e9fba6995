"""The wait before a retry, by its reason (MAIL-5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the first, second, … failure; the last value repeats.

    `jitter` is the maximum fraction by which a wait is shortened at random, so that mails deferred together are not
    retried together.
    """

    seconds: tuple[int, ...]
    jitter: float = 0.2

    def after(self, failures: int, *, fraction: float) -> float:
        """Return the seconds to wait after `failures` (at least 1); `fraction` (0 to 1) scales the jitter."""
        full = self.seconds[min(failures, len(self.seconds)) - 1]
        return full * (1 - self.jitter * fraction)


# By the category of the refusal (`mailer.domain.smtp_replies`) or another reason. No wait exceeds five minutes,
# so that a short outage of a mail server never delays a mail for hours. A mail is retried until it expires.
BACKOFFS: Final[Mapping[str, Backoff]] = {
    # A busy server recovers soon; greylisting takes one to five minutes.
    "temporarily_refused": Backoff((5, 15, 60, 120, 300)),
    # A full mailbox is not emptied within seconds.
    "mailbox_full": Backoff((60, 120, 300)),
    # The server refuses the mailer's account or sender; retry soon after an operator has corrected the settings.
    "misconfigured": Backoff((15, 30, 60)),
    # An error of the mailer itself, for example in a template.
    "fault": Backoff((5, 15, 60, 120, 300)),
    # The mail server is unavailable. One probe serves all mails of a process, so no jitter is needed.
    "server_away": Backoff((1, 2, 5, 10, 15), jitter=0),
    # The maximum number of mails already waits for slow replies.
    "slow": Backoff((20,), jitter=0.5),
    # An error outside the attempt to send, for example because Redis is unavailable.
    "trouble": Backoff((5,)),
    # A domain is over its rate limit: the maximum wait before the limit is checked again.
    "rate_limit": Backoff((300,)),
}
MAX_SECONDS: Final = 300


def backoff_seconds(reason: str, failures: int, *, fraction: float) -> float:
    """Return the seconds to wait; an unknown reason counts as a temporary refusal."""
    return BACKOFFS.get(reason, BACKOFFS["temporarily_refused"]).after(failures, fraction=fraction)
