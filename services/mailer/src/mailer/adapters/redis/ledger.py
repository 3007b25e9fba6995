"""The ledger in Redis: a hash an event, changed by scripts so that no two processes send (MAIL-3).

`mailer:ledger:<event id>` holds `state`; while claimed `token` and `lease` (ms by Redis' clock, the same for all
hosts); while waiting `due` (ms by ours, which tests move); always `tries`. It outlives every mail's validity.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import redis
from port_events.envelope import format_rfc3339
from port_runtime.logs import get_logger

from mailer.adapters.redis import scripts
from mailer.adapters.redis.connection import Script
from mailer.domain.attempt import State
from mailer.domain.backoff import MAX_SECONDS
from mailer.usecases.ports import AlreadyFinal, ClaimDeferred, ClaimGranted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from port_events.envelope import Entry

    from mailer.adapters.redis.connection import ThreadConnections
    from mailer.usecases.ports import Claim, Clock, Outcome

PREFIX: Final = "mailer:ledger:"
DEAD: Final = "mailer:dead"
RETENTION_MS: Final = 8 * 24 * 3600 * 1000
MAX_RECEIPTS: Final = 100_000
RETRY_SECONDS: Final = 0.1  # sooner than any mailer's sweep, once Redis is back
TRANSIENT_ERRORS: Final = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.BusyLoadingError,
    redis.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
)
log = get_logger("mailer.ledger")

_Errors: TypeAlias = "type[Exception] | tuple[type[Exception], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """Whose ledger: the process's name, the stream with its group, the receipts' stream, the lease."""

    owner: str
    stream: str
    group: str
    receipts: str
    lease_ms: int


@dataclass(frozen=True, slots=True)
class _OwnClaim:
    """A claim of this process, and until when (time.monotonic()) its lease is known to last."""

    token: str
    until: float


class RedisLedger:
    """See `mailer.usecases.ports.Ledger`; safe between threads."""

    def __init__(self, connections: ThreadConnections, names: LedgerConfig, *, clock: Clock) -> None:
        self._connections, self._names, self._clock = connections, names, clock
        self._numbers = itertools.count(1)
        self._claims: dict[str, _OwnClaim] = {}
        self._lock = threading.Lock()
        self._claim = Script(connections, scripts.CLAIM)
        self._defer = Script(connections, scripts.DEFER)
        self._complete = Script(connections, scripts.COMPLETE)
        self._renew = Script(connections, scripts.RENEW)

    def claim(self, entry: Entry) -> Claim:
        """Ask to send; a claim that is neither closed nor put off is ours as long as it is renewed."""
        return self.claim_all([entry])[0]

    def claim_all(self, entries: list[Entry]) -> list[Claim]:
        """Ask to send each, in one round trip."""
        if not entries:
            return []
        event_ids = [each.event.id for each in entries]
        tokens = [f"{self._names.owner}/{next(self._numbers)}" for _ in entries]
        named = [text for token, each in zip(tokens, entries, strict=True) for text in (token, each.id)]
        until = self._lease_end()
        answers: Any = self._claim.run(
            [self._names.stream, *(PREFIX + event_id for event_id in event_ids)],
            [self._names.lease_ms, _ms(self._clock.now()), RETENTION_MS, MAX_SECONDS * 1000, *named],
        )
        claims = [_claim(*each) for each in zip(event_ids, tokens, answers, strict=True)]
        with self._lock:
            self._claims |= {
                each.event_id: _OwnClaim(each.token, until)
                for each in claims
                if isinstance(each, ClaimGranted)
            }
        return claims

    def defer(self, grant: ClaimGranted, *, due: datetime, failed: bool) -> None:
        """Give the claim back; when another process has taken it over meanwhile, nothing changes."""
        self.release(grant)  # also when Redis does not hear of it: then the lease ends
        self._defer.run([PREFIX + grant.event_id], [grant.token, _ms(due), int(failed)])

    def complete(self, entry: Entry, grant: ClaimGranted, outcome: Outcome) -> None:
        """Note the ending, however long Redis is away: what was accepted must not be sent again.

        Raises redis.RedisError where Redis is there and refuses another ending than an acceptance.
        """
        passing = redis.RedisError if outcome.state is State.SENT else TRANSIENT_ERRORS
        self._retry_until_recorded(lambda: self._closing(entry, grant, outcome), passing)
        self.release(grant)

    def release(self, grant: ClaimGranted) -> None:
        """Renew the claim no more; where it is still ours its lease ends by itself."""
        with self._lock:
            held = self._claims.get(grant.event_id)
            if held is not None and held.token == grant.token:
                del self._claims[grant.event_id]

    def ack(self, entry_id: str) -> None:
        """Acknowledge the entry."""
        self._connections.current().xack(self._names.stream, self._names.group, entry_id)

    def renew(self) -> None:
        """Lengthen the leases of what is under way: a slow mail server is no dead mailer."""
        with self._lock:
            held = {event_id: each.token for event_id, each in self._claims.items()}
        if held:
            self._renewed(held)

    def owns(self, grant: ClaimGranted) -> bool:
        """Tell whether the claim is still ours, asking Redis only where its lease has run out as far as we know.

        The monotonic clock goes on while a process is stopped. Where Redis does not answer, it is not.
        """
        with self._lock:
            held = self._claims.get(grant.event_id)
        if held is None or held.token != grant.token:
            return False
        try:
            return time.monotonic() < held.until or self._renewed({grant.event_id: grant.token})
        except TRANSIENT_ERRORS:
            return False

    def _renewed(self, held: dict[str, str]) -> bool:
        """Lengthen these leases, by event; forget those that another process has; return whether all are ours."""
        until = self._lease_end()
        keys = [PREFIX + event_id for event_id in held]
        answers: Any = self._renew.run(keys, [self._names.lease_ms, *held.values()])
        with self._lock:
            for (event_id, token), stands in zip(held.items(), answers, strict=True):
                if event_id not in self._claims or self._claims[event_id].token != token:
                    continue  # let go meanwhile
                if stands:
                    self._claims[event_id] = _OwnClaim(token, until)
                else:
                    del self._claims[event_id]
        return all(answers)

    def _lease_end(self) -> float:
        """Return when (time.monotonic()) a lease ends that is asked for now: before it ends in Redis."""
        return time.monotonic() + self._names.lease_ms / 1000

    def _closing(self, entry: Entry, grant: ClaimGranted, ending: Outcome) -> None:
        names = self._names
        self._complete.run(
            [PREFIX + entry.event.id, names.receipts, names.stream, DEAD],
            [
                *(ending.state, format_rfc3339(ending.at), ending.category, RETENTION_MS),
                *(names.group, entry.id, entry.event.id, MAX_RECEIPTS),
                _dead_letter(entry, grant, ending),
                grant.token,
            ],
        )

    def _retry_until_recorded(self, record: Callable[[], None], transient: _Errors) -> None:
        told = False
        while True:
            try:
                return record()
            except transient as error:  # a full disk, too, is mended some day, and the note would be lost
                if not told:
                    log.warning("ledger_away", reason=type(error).__name__)
                told = True
                time.sleep(RETRY_SECONDS)


def _claim(event_id: str, token: str, answer: list[int]) -> Claim:
    kind, value = answer
    if kind == scripts.ALREADY_FINAL:
        return AlreadyFinal()
    if kind == scripts.DEFERRED:
        return ClaimDeferred(max(value, 1) / 1000)
    return ClaimGranted(event_id, token, value)


def _dead_letter(entry: Entry, grant: ClaimGranted, ending: Outcome) -> str:
    if ending.state is not State.REFUSED:
        return ""
    record = {
        "entry_id": entry.id,
        "type": entry.event.type,
        "at": format_rfc3339(ending.at),
        "attempts": grant.tries + 1,
        "category": ending.category,
        "words": ending.reply_text,
    }
    return json.dumps(record, ensure_ascii=False)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
