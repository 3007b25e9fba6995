"""Injects faults one after another in a seeded order, and kills processes at random in the meantime."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from tests.faults.environment import GROUPS, Environment
from tests.faults.evidence import handled_events
from tests.faults.fault_kinds import FAULTS, LONG, Damage

_POLL_SECONDS = 0.25
_LONG_RUN_SECONDS = 300
_MAX_RECOVERY_SECONDS = 180.0
# Events from before the end of the fault without a position, or whose mail has no final state.
_BEHIND = text(
    "SELECT count(*) FROM outbox WHERE created_at <= to_timestamp(:healed)"
    " AND (position IS NULL OR mail_state = 'waiting')"
)


@dataclass(frozen=True, slots=True)
class FaultResult:
    """`recovery_seconds` is the time after the fault until earlier events had positions and their mails were final.

    The injector waits at most three minutes for this.
    """

    name: str
    seconds: float
    recovery_seconds: float


class FaultInjector:
    """Injects faults for `seconds`. The same seed gives the same order of faults.

    Without `only`, a run of less than five minutes leaves out the faults of LONG.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        seed: int,
        seconds: float,
        kill_every: float,
        only: Sequence[str] = (),
    ) -> None:
        self._environment = environment
        self._rng = random.Random(seed)
        self._kill_rng = random.Random(seed + 1)
        self._seconds, self._kill_every = seconds, kill_every
        self._names = list(
            only or (name for name in FAULTS if seconds >= _LONG_RUN_SECONDS or name not in LONG)
        )
        self._is_over = threading.Event()
        self.damage = Damage()
        self.results: list[FaultResult] = []

    def run(self) -> None:
        """Inject the faults in rounds, each round in a new order; return after the last recovery."""
        deadline = time.monotonic() + self._seconds
        killer = threading.Thread(target=self._kill_processes, name="killer", daemon=True)
        killer.start()
        try:
            while time.monotonic() < deadline:
                self._rng.shuffle(self._names)
                for name in self._names:
                    if time.monotonic() >= deadline:
                        break
                    self.results.append(self._inject(name))
        finally:
            self._is_over.set()
            killer.join()

    def _inject(self, name: str) -> FaultResult:
        began = time.monotonic()
        FAULTS[name](self._environment, self._rng, self.damage)
        healed, healed_at = time.monotonic(), time.time()
        self._await_recovery(healed_at)
        return FaultResult(name, healed - began, time.monotonic() - healed)

    def _await_recovery(self, healed_at: float) -> None:
        deadline = time.monotonic() + _MAX_RECOVERY_SECONDS
        while time.monotonic() < deadline and self._is_behind(healed_at):
            time.sleep(_POLL_SECONDS)

    def _is_behind(self, healed_at: float) -> bool:
        with self._environment.engine.connect() as connection:
            return bool(connection.scalar(_BEHIND, {"healed": healed_at}))

    def _kill_processes(self) -> None:
        while not self._is_over.wait(self._kill_every * self._kill_rng.uniform(0.4, 1.6)):
            kind = self._kill_rng.choice(("web", "relay", "notify", "service", "mailer", "consumer"))
            process = self._kill_rng.choice(self._environment.supervisor.of(kind))
            self._environment.supervisor.kill(process, self._kill_rng.choice)


def wait_until_settled(environment: Environment, *, seconds: float) -> bool:
    """Wait until all mails and logout notifications are final and all events handled; return False on time-out."""
    deadline = time.monotonic() + seconds
    unfinished = text("SELECT count(*) FROM outbox WHERE position IS NULL OR mail_state = 'waiting'")
    undelivered = text("SELECT count(*) FROM logouts WHERE done_at IS NULL")
    events = text("SELECT count(*) FROM outbox")
    while time.monotonic() < deadline:
        with environment.engine.connect() as connection:
            waiting = (connection.scalar(unfinished) or 0) + (connection.scalar(undelivered) or 0)
            count = connection.scalar(events)
        if not waiting and all(
            len(handled_events(environment.effects_of(group))) >= count for group in GROUPS
        ):
            return True
        time.sleep(_POLL_SECONDS)
    return False
