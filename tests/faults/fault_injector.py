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
# Finds events from before the end of the fault that are unpublished or whose mail has no final state.
_BEHIND = text(
    "SELECT count(*) FROM outbox WHERE created_at <= to_timestamp(:healed)"
    " AND (position IS NULL OR mail_state = 'waiting')"
)


@dataclass(frozen=True, slots=True)
class FaultResult:
    """The length of a fault and of the recovery after it."""

    name: str
    seconds: float
    recovery_seconds: float


class FaultInjector:
    """Injects faults for `seconds`. The same seed gives the same order."""

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
        """Inject all faults in rounds, each round in a new order; return after the last recovery."""
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
        """Kill -9 a random process from time to time."""
        while not self._is_over.wait(self._kill_every * self._kill_rng.uniform(0.4, 1.6)):
            kind = self._kill_rng.choice(("web", "relay", "notify", "service", "mailer", "consumer"))
            process = self._kill_rng.choice(self._environment.supervisor.of(kind))
            self._environment.supervisor.kill(process, self._kill_rng.choice)


def wait_until_settled(environment: Environment, *, seconds: float) -> bool:
    """Wait until mails are final, services notified and all events handled; return False on time-out."""
    deadline = time.monotonic() + seconds
    open_rows = text("SELECT count(*) FROM outbox WHERE position IS NULL OR mail_state = 'waiting'")
    due = text("SELECT count(*) FROM logouts WHERE done_at IS NULL")
    every = text("SELECT count(*) FROM outbox")
    while time.monotonic() < deadline:
        with environment.engine.connect() as connection:
            waiting = (connection.scalar(open_rows) or 0) + (connection.scalar(due) or 0)
            all_of_them = connection.scalar(every)
        if not waiting and all(
            len(handled_events(environment.effects_of(group))) >= all_of_them for group in GROUPS
        ):
            return True
        time.sleep(_POLL_SECONDS)
    return False
