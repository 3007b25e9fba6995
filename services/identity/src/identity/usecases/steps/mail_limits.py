"""Quotas of requested mails (SEC-6)."""

from identity.domain.errors import TooSoon
from identity.domain.rate_limits import MAILBOX_DAY, MAILBOX_HOUR, RESEND_DAY, RESEND_GAP, Limit
from identity.usecases.ports import Ports, UnitOfWork

_OF_MAILBOX = (MAILBOX_HOUR, MAILBOX_DAY)
_OF_SUBJECT = (RESEND_GAP, RESEND_DAY)


def consume_quota(uow: UnitOfWork, *, purpose: str, subject: str, mailbox: str) -> None:
    """Count a mail by subject and purpose and by mailbox. Raises TooSoon with the longest wait.

    The counts belong to the transaction: when TooSoon rolls it back, they are undone too.
    """
    _consume(uow, _keyed(purpose, subject, mailbox))


def consume_subject_quota(uow: UnitOfWork, *, purpose: str, subject: str) -> None:
    """Count a request, whether or not a mail is sent for it. Raises TooSoon."""
    _consume(uow, _by_subject(purpose, subject))


def consume_mailbox_quota(uow: UnitOfWork, mailbox: str) -> None:
    """Count a mail by its mailbox alone. Raises TooSoon."""
    _consume(uow, _by_mailbox(mailbox))


def try_consume_quota(uow: UnitOfWork, *, purpose: str, subject: str, mailbox: str) -> bool:
    """Count a mail; return False, without an error, when the mailbox has no quota left.

    A mail that is not sent uses up no quota: if the hourly one is exhausted, the daily one is given back.
    """
    keyed = _keyed(purpose, subject, mailbox)
    states = uow.counters.increment(keyed, uow.clock.now())
    if not any(state.exceeded for state in states):
        return True
    counted = zip(keyed, states, strict=True)
    uow.counters.decrement(
        [key for (limit, key), state in counted if limit in _OF_MAILBOX and not state.exceeded]
    )
    return False


def wait_seconds(ports: Ports, *, purpose: str, subject: str, mailbox: str) -> int:
    """Return the seconds until the next mail may be requested, without counting; 0 if it may be now."""
    now = ports.clock.now()
    states = ports.counters.peek(_keyed(purpose, subject, mailbox), now)
    return max((state.wait_seconds(now) for state in states if state.is_full(now)), default=0)


def _consume(uow: UnitOfWork, keyed: list[tuple[Limit, str]]) -> None:
    now = uow.clock.now()
    states = uow.counters.increment(keyed, now)
    waits = [state.wait_seconds(now) for state in states if state.exceeded]
    if waits:
        raise TooSoon(max(waits))


def _keyed(purpose: str, subject: str, mailbox: str) -> list[tuple[Limit, str]]:
    return [*_by_subject(purpose, subject), *_by_mailbox(mailbox)]


def _by_subject(purpose: str, subject: str) -> list[tuple[Limit, str]]:
    return [(limit, limit.key(purpose, subject)) for limit in _OF_SUBJECT]


def _by_mailbox(mailbox: str) -> list[tuple[Limit, str]]:
    return [(limit, limit.key(mailbox)) for limit in _OF_MAILBOX]
