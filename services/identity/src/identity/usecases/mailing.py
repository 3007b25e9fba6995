"""How often a mail may be asked for (SEC-6)."""

from identity.domain.errors import TooSoon
from identity.domain.limits import MAILBOX_DAY, MAILBOX_HOUR, RESEND_DAY, RESEND_GAP, Limit
from identity.usecases.ports import Ports, UnitOfWork


def take_turn(work: UnitOfWork, ports: Ports, *, purpose: str, subject: str, mailbox: str) -> None:
    """Count a mail by account and purpose and by mailbox, in the caller's transaction.

    Raises TooSoon with the longest wait; the caller's roll-back then takes the counts back.
    """
    now = ports.clock.now()
    counts = work.counters.take(_counted(purpose, subject, mailbox), now)
    waits = [count.wait_seconds(now) for count in counts if count.exceeded]
    if waits:
        raise TooSoon(max(waits))


def wait_seconds(ports: Ports, *, purpose: str, subject: str, mailbox: str) -> int:
    """Return the seconds until the next mail may be asked for, without counting; 0 where it may be now."""
    now = ports.clock.now()
    counts = ports.counters.look(_counted(purpose, subject, mailbox), now)
    return max((count.wait_seconds(now) for count in counts if count.is_full(now)), default=0)


def _counted(purpose: str, subject: str, mailbox: str) -> list[tuple[Limit, str]]:
    return [
        (RESEND_GAP, RESEND_GAP.key(purpose, subject)),
        (RESEND_DAY, RESEND_DAY.key(purpose, subject)),
        (MAILBOX_HOUR, MAILBOX_HOUR.key(mailbox)),
        (MAILBOX_DAY, MAILBOX_DAY.key(mailbox)),
    ]


def mailbox_is_full(work: UnitOfWork, ports: Ports, mailbox: str) -> bool:
    """Count a mail to a mailbox where the answer must not tell; True where it has had its share.

    What is not sent takes nothing from the other share: a full hour does not use up the day.
    """
    keyed = [(limit, limit.key(mailbox)) for limit in (MAILBOX_HOUR, MAILBOX_DAY)]
    counts = work.counters.take(keyed, ports.clock.now())
    if not any(count.exceeded for count in counts):
        return False
    work.counters.give_back(
        [key for (_, key), count in zip(keyed, counts, strict=True) if not count.exceeded]
    )
    return True
