"""Proofs that the harness can fail: the violations it must report when one protection is switched off."""

from dataclasses import dataclass
from typing import Final

from tests.faults.fault_run import Plan


@dataclass(frozen=True, slots=True)
class Proof:
    """A short run without a protection, with faults that require it. The harness must report one of `expected`."""

    plan: Plan
    expected: tuple[str, ...]


def _plan(without: str, *only: str, kill_every: float = 1000.0) -> Plan:
    # With a long validity, a mail that is not sent does not expire. The system may never settle, so the wait is short.
    return Plan(
        seed=1,
        minutes=0.4,
        kill_every=kill_every,
        without=without,
        only=only,
        journeys_per_second=2.0,
        lifetime_seconds=3600,
        settle_seconds=25,
    )


PROOFS: Final[dict[str, Proof]] = {
    "outbox": Proof(
        _plan("outbox", "all web workers killed", kill_every=1.0),
        ("changes without their event", "mails lost"),
    ),
    "ledger": Proof(_plan("ledger", "mailers frozen mid-mail"), ("mails duplicated",)),
    "lease": Proof(_plan("lease", "mailers killed mid-mail"), ("mails lost",)),
    "logout lease": Proof(_plan("logout lease", "notify killed mid-logout"), ("logout notifications lost",)),
    "epoch": Proof(_plan("epoch", "redis wiped with a backlog"), ("events lost", "mails lost")),
}
