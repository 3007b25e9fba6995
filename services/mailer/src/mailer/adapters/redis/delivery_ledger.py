"""The ledger: one Redis hash for each event, changed by Lua scripts.

Only the process that owns the claim on a mail may send it.

`mailer:ledger:<event id>` has the field `state`, and `tries` after a failed attempt. A claimed mail also has `token`
and `lease` (its end in ms of Redis' clock, which all hosts share), a waiting mail `due` (ms of the mailer's clock,
which tests move), and a final mail `at` and `category`. The hash outlives the mail's validity.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import redis
from port_events.envelope import MAIL_STREAM, RECEIPTS, format_rfc3339
from port_runtime.logs import get_logger
from typing_extensions import override

from mailer.adapters.redis.connection import TRANSIENT_ERRORS, Script, read_script, unix_ms
from mailer.adapters.redis.failover_recovery import FailoverRecovery
from mailer.adapters.redis.stream import GROUP
from mailer.domain.backoff import MAX_SECONDS
from mailer.domain.mail import State
from mailer.usecases.delivery_ports import AlreadyFinal, ClaimDeferred, ClaimGranted, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from port_events.envelope import Entry

    from mailer.adapters.redis.connection import ThreadConnections
    from mailer.usecases.delivery_ports import Claim, Clock, Outcome

PREFIX: Final = "mailer:ledger:"
DEAD: Final = "mailer:dead"
RETENTION_MS: Final = 8 * 24 * 3600 * 1000
MAX_RECEIPTS: Final = 100_000
RETRY_SECONDS: Final = 0.1  # shorter than the intake's: outcomes are usually recorded before it continues
CLAIM: Final = read_script("claim_mails")
DEFER: Final = read_script("defer_mail")
COMPLETE: Final = read_script("complete_mail")
RENEW: Final = read_script("renew_leases")
_FINAL_ANSWER: Final = 0  # the first number of each result of claim_mails.lua
_DEFERRED_ANSWER: Final = 1
_NO_DETAILS: Final = ("", "", "")
log = get_logger("mailer.ledger")


@dataclass(frozen=True, slots=True)
class _OwnClaim:
    """A claim of this process. Its lease ends at `until` (time.monotonic()) unless it is renewed.

    `generation` is the generation of the connections at the claim or its last renewal.
    """

    token: str
    until: float
    generation: int


class RedisLedger(Ledger):
    """The ledger in Redis. Thread-safe; every method but `release` may raise redis.RedisError.

    `owner` is the first part of the process's tokens.
    """

    def __init__(self, connections: ThreadConnections, *, owner: str, lease_ms: int, clock: Clock) -> None:
        self._connections, self._clock = connections, clock
        self._owner, self._lease_ms = owner, lease_ms
        self._numbers = itertools.count(1)
        self._claims: dict[str, _OwnClaim] = {}
        self._lock = threading.Lock()
        self._claim = Script(connections, CLAIM)
        self._defer = Script(connections, DEFER)
        self._complete = Script(connections, COMPLETE)
        self._renew = Script(connections, RENEW)
        self._failover_recovery = FailoverRecovery(connections)

    @override
    def claim(self, entry: Entry) -> Claim:
        return self.claim_all([entry])[0]

    def claim_all(self, entries: list[Entry]) -> list[Claim]:
        """Claim entries in one round trip; return the claims in the same order."""
        if not entries:
            return []
        if seconds := self._failover_recovery.settle():
            return [ClaimDeferred(seconds)] * len(entries)
        event_ids = [each.event.id for each in entries]
        tokens = [f"{self._owner}/{next(self._numbers)}" for _ in entries]
        pairs = [text for token, each in zip(tokens, entries, strict=True) for text in (token, each.id)]
        until, generation = self._lease_end(), self._connections.generation()
        answers: Any = self._claim.run(
            [MAIL_STREAM, *(PREFIX + event_id for event_id in event_ids)],
            [self._lease_ms, unix_ms(self._clock.now()), RETENTION_MS, MAX_SECONDS * 1000, GROUP, *pairs],
        )
        claims = [_claim(*each) for each in zip(event_ids, tokens, answers, strict=True)]
        granted = [each for each in claims if isinstance(each, ClaimGranted)]
        with self._lock:
            self._claims |= {each.event_id: _OwnClaim(each.token, until, generation) for each in granted}
        return claims

    @override
    def defer(self, grant: ClaimGranted, *, due: datetime, failed: bool) -> None:
        self.release(grant)  # before the command, so that the lease expires even if it fails
        self._defer.run([PREFIX + grant.event_id], [grant.token, unix_ms(due), int(failed)])

    @override
    def complete(self, entry: Entry, grant: ClaimGranted, outcome: Outcome) -> None:
        at = format_rfc3339(outcome.at)
        if outcome.state is State.SENT:
            # These arguments stay in memory for a minute. The script needs no token to record an acceptance.
            record = partial(self._record, entry.event.id, entry.id, at, outcome.state, _NO_DETAILS)
            self._failover_recovery.add(record)
            # Redis may refuse a command, for example because its disk is full. After a sent mail, this is retried too.
            _retry_until_recorded(record, redis.RedisError)
        else:
            details = (outcome.category, _dead_letter(entry, grant, outcome), grant.token)
            record = partial(self._record, entry.event.id, entry.id, at, outcome.state, details)
            _retry_until_recorded(record, TRANSIENT_ERRORS)
        self.release(grant)

    @override
    def release(self, grant: ClaimGranted) -> None:
        with self._lock:
            claim = self._claims.get(grant.event_id)
            if claim is not None and claim.token == grant.token:
                del self._claims[grant.event_id]

    def _record(
        self, event_id: str, entry_id: str, at: str, state: State, details: tuple[str, str, str]
    ) -> None:
        """Record an outcome; `details` are its category, dead letter and token."""
        category, dead_letter, token = details
        self._complete.run(
            [PREFIX + event_id, RECEIPTS, MAIL_STREAM, DEAD],
            [
                *(state, at, category, RETENTION_MS),
                *(GROUP, entry_id, event_id, MAX_RECEIPTS),
                *(dead_letter, token),
            ],
        )

    def settle(self) -> None:
        """Record sent mails again if Redis may have lost their records."""
        self._failover_recovery.settle()

    def renew(self) -> None:
        """Extend the leases of all claims of this process, so that they do not expire while the mail server is slow."""
        with self._lock:
            tokens = {event_id: each.token for event_id, each in self._claims.items()}
        if tokens:
            self._renewed(tokens)

    @override
    def owns(self, grant: ClaimGranted) -> bool:
        """Return whether this process still has the claim; False if that is uncertain because Redis is unavailable.

        Redis is queried only if the connections have reconnected, possibly to another server, or if the lease has
        expired by the monotonic clock, which also advances while a process is stopped.
        """
        with self._lock:
            claim = self._claims.get(grant.event_id)
        if claim is None or claim.token != grant.token:
            return False
        try:
            is_certain = time.monotonic() < claim.until and claim.generation == self._connections.generation()
            return is_certain or self._renewed({grant.event_id: grant.token})
        except TRANSIENT_ERRORS:
            return False

    def _renewed(self, tokens: dict[str, str]) -> bool:
        """Extend the leases of these tokens (by event id), and drop lost claims; return whether none was lost."""
        until, generation = self._lease_end(), self._connections.generation()
        keys = [PREFIX + event_id for event_id in tokens]
        answers: Any = self._renew.run(keys, [self._lease_ms, *tokens.values()])
        with self._lock:
            for (event_id, token), is_held in zip(tokens.items(), answers, strict=True):
                if event_id not in self._claims or self._claims[event_id].token != token:
                    continue  # released in the meantime
                if is_held:
                    self._claims[event_id] = _OwnClaim(token, until, generation)
                else:
                    del self._claims[event_id]
        return all(answers)

    def _lease_end(self) -> float:
        """Return the end (time.monotonic()) of a lease that is requested afterwards, and so ends later in Redis."""
        return time.monotonic() + self._lease_ms / 1000


def _retry_until_recorded(
    record: Callable[[], object], transient: type[Exception] | tuple[type[Exception], ...]
) -> object:
    is_logged = False
    while True:
        try:
            return record()
        except transient as error:
            if not is_logged:
                log.warning("ledger_away", reason=type(error).__name__)
            is_logged = True
            time.sleep(RETRY_SECONDS)


def _claim(event_id: str, token: str, answer: list[int]) -> Claim:
    kind, value = answer
    if kind == _FINAL_ANSWER:
        return AlreadyFinal()
    if kind == _DEFERRED_ANSWER:
        return ClaimDeferred(max(value, 1) / 1000)
    return ClaimGranted(event_id, token, value)


def _dead_letter(entry: Entry, grant: ClaimGranted, outcome: Outcome) -> str:
    if outcome.state is not State.REFUSED:
        return ""
    record = {
        "entry_id": entry.id,
        "type": entry.event.type,
        "at": format_rfc3339(outcome.at),
        "attempts": grant.tries + 1,
        "category": outcome.category,
        "words": outcome.reply_text,
    }
    return json.dumps(record, ensure_ascii=False)
