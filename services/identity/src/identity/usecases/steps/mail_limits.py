"""Quotas for requested mails (SEC-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from identity.domain.account import Account
from identity.domain.mail_link import Purpose
from identity.domain.mailbox import mailbox_of_aliases
from identity.domain.rate_limits import MAILBOX_DAY, MAILBOX_HOUR, RESEND_DAY, RESEND_GAP, Counter
from identity.usecases.ports import Ports, UnitOfWork

_MAILBOX_LIMITS = (MAILBOX_HOUR, MAILBOX_DAY)


class Budget(StrEnum):
    """The budgets of a mailbox, each with its own counters.

    Mails that strangers can request do not use up the quotas of the owner's other mails, and the use of one budget
    discloses nothing about another.
    """

    CLAIMS = "claims"
    """Registrations, conflict notices and changes of mailbox: nothing proves the requester's right to the mailbox."""
    RESENDS = "resends"
    CODES = "codes"
    RESETS = "resets"
    RESETS_BY_DEVICE = "resets.device"


@dataclass(frozen=True, slots=True)
class MailQuota:
    """The counters of a mail: by its purpose and subject, and by the mailbox in one of its budgets.

    `typed` contains values that a person may mistype. A request with the correct values does not wait for an earlier
    one with wrong values, which sent no mail, but both share the daily count.
    """

    budget: Budget
    purpose: str
    subject: tuple[str, ...]
    mailbox: str
    typed: tuple[str, ...] = ()

    @property
    def by_subject(self) -> list[Counter]:
        """The counters of the request, whether or not a mail is sent for it."""
        return [
            RESEND_GAP.counter(self.purpose, *self.subject, *self.typed),
            RESEND_DAY.counter(self.purpose, *self.subject),
        ]

    @property
    def by_mailbox(self) -> list[Counter]:
        """The counters of a sent mail: of the mailbox with its aliases, and of the gap regardless of `typed`."""
        gap = [RESEND_GAP.counter(self.purpose, *self.subject)] if self.typed else []
        return [
            *(limit.counter(self.budget, mailbox_of_aliases(self.mailbox)) for limit in _MAILBOX_LIMITS),
            *gap,
        ]

    @property
    def counters(self) -> list[Counter]:
        return [*self.by_subject, *self.by_mailbox]


def registration_quota(account: Account) -> MailQuota:
    return MailQuota(Budget.CLAIMS, Purpose.REGISTRATION, (account.id,), account.email)


def resend_quota(account: Account) -> MailQuota:
    return MailQuota(Budget.RESENDS, Purpose.REGISTRATION, (account.id,), account.email)


def code_quota(general: Account) -> MailQuota:
    """Return the quota for a bind code, by general account, so that a new binding does not reset it (BIND-6)."""
    return MailQuota(Budget.CODES, "bind_code", (general.id,), general.email)


def try_consume_quota(uow: UnitOfWork, quota: MailQuota) -> bool:
    """Count a mail; return False if one of the limits is exceeded, so that the mail must not be sent.

    The mailbox's counters that are not exceeded are then decremented again: a mail that is not sent uses up no quota.
    """
    counters = quota.counters
    states = uow.counters.increment(counters, uow.clock.now())
    if not any(state.exceeded for state in states):
        return True
    counted = zip(counters, states, strict=True)
    uow.counters.decrement(
        [counter for counter, state in counted if counter.limit in _MAILBOX_LIMITS and not state.exceeded]
    )
    return False


def wait_seconds(ports: Ports, counters: Sequence[Counter]) -> int:
    """Return the seconds until a mail with these counters may be requested, or 0. Nothing is counted."""
    now = ports.clock.now()
    states = ports.counters.peek(counters, now)
    return max((state.wait_seconds(now) for state in states if state.is_full(now)), default=0)
