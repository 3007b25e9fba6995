"""How often a mail may be asked for (SEC-6)."""

from identity.domain.errors import TooSoon
from identity.domain.rate_limits import MAILBOX_DAY, MAILBOX_HOUR, RESEND_DAY, RESEND_GAP, Limit
from identity.usecases.ports import Ports, UnitOfWork

_OF_MAILBOXES = (MAILBOX_HOUR, MAILBOX_DAY)


def consume_quota(uow: UnitOfWork, ports: Ports, *, purpose: str, subject: str, mailbox: str) -> None:
    """Count a mail by account and purpose and by mailbox, in the caller's transaction.

    Raises TooSoon with the longest wait; the caller's roll-back then takes the counts back.
    """
    _take(uow, ports, _counted(purpose, subject, mailbox))


def consume_subject_quota(uow: UnitOfWork, ports: Ports, *, purpose: str, subject: str) -> None:
    """Count what is asked for, whether a mail comes of it or not. Raises TooSoon."""
    _take(uow, ports, _of_subject(purpose, subject))


def consume_mailbox_quota(uow: UnitOfWork, ports: Ports, mailbox: str) -> None:
    """Count a mail by its mailbox alone. Raises TooSoon."""
    _take(uow, ports, _of_mailbox(mailbox))


def _take(uow: UnitOfWork, ports: Ports, keyed: list[tuple[Limit, str]]) -> None:
    now = ports.clock.now()
    counts = uow.counters.increment(keyed, now)
    waits = [count.wait_seconds(now) for count in counts if count.exceeded]
    if waits:
        raise TooSoon(max(waits))


def wait_seconds(ports: Ports, *, purpose: str, subject: str, mailbox: str) -> int:
    """Return the seconds until the next mail may be asked for, without counting; 0 where it may be now."""
    now = ports.clock.now()
    counts = ports.counters.peek(_counted(purpose, subject, mailbox), now)
    return max((count.wait_seconds(now) for count in counts if count.is_full(now)), default=0)


def _counted(purpose: str, subject: str, mailbox: str) -> list[tuple[Limit, str]]:
    return [*_of_subject(purpose, subject), *_of_mailbox(mailbox)]


def _of_subject(purpose: str, subject: str) -> list[tuple[Limit, str]]:
    return [(limit, limit.key(purpose, subject)) for limit in (RESEND_GAP, RESEND_DAY)]


def _of_mailbox(mailbox: str) -> list[tuple[Limit, str]]:
    return [(limit, limit.key(mailbox)) for limit in _OF_MAILBOXES]


def try_first_quota(uow: UnitOfWork, ports: Ports, *, purpose: str, subject: str, mailbox: str) -> bool:
    """Count the first mail of a new account, whose answer must not tell; False where the mailbox has had its share.

    What is not sent takes nothing from the mailbox's other share: a full hour does not use up the day.
    """
    keyed = _counted(purpose, subject, mailbox)
    counts = uow.counters.increment(keyed, ports.clock.now())
    if not any(count.exceeded for count in counts):
        return True
    taken = zip(keyed, counts, strict=True)
    uow.counters.decrement(
        [key for (limit, key), count in taken if limit in _OF_MAILBOXES and not count.exceeded]
    )
    return False
