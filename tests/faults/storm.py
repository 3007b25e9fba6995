"""The storm: one server's fault after the other in a seeded order, and processes killed all the while."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from tests.faults.evidence import seen_by
from tests.faults.faults import FAULTS, LONG, Damage
from tests.faults.stage import GROUPS, Stage

_LOOK_SECONDS = 0.25
_LONG_RUN_SECONDS = 300
_MOST_RECOVERY_SECONDS = 180.0
# What was begun before a moment is through when it is published, and its mail has come to an end.
_BEHIND = text(
    "SELECT count(*) FROM outbox WHERE created_at <= to_timestamp(:healed)"
    " AND (position IS NULL OR mail_state = 'waiting')"
)


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault as it happened; seconds."""

    name: str
    lasted: float
    recovered: float


class Storm:
    """Deals out the faults until the time is over; the same seed deals them in the same order."""

    def __init__(
        self, stage: Stage, *, seed: int, seconds: float, kill_every: float, only: Sequence[str] = ()
    ) -> None:
        self._stage = stage
        self._chance = random.Random(seed)
        self._killing = random.Random(seed + 1)
        self._seconds, self._kill_every = seconds, kill_every
        self._names = list(
            only or (name for name in FAULTS if seconds >= _LONG_RUN_SECONDS or name not in LONG)
        )
        self._over = threading.Event()
        self.damage = Damage()
        self.blows: list[Blow] = []

    def rage(self) -> None:
        """Go through all faults again and again, each round in a new order; return after the last recovery."""
        deadline = time.monotonic() + self._seconds
        killer = threading.Thread(target=self._kill, name="killer", daemon=True)
        killer.start()
        try:
            while time.monotonic() < deadline:
                self._chance.shuffle(self._names)
                for name in self._names:
                    if time.monotonic() >= deadline:
                        break
                    self.blows.append(self._deal(name))
        finally:
            self._over.set()
            killer.join()

    def _deal(self, name: str) -> Blow:
        began = time.monotonic()
        FAULTS[name](self._stage, self._chance, self.damage)
        healed, healed_at = time.monotonic(), time.time()
        self._await_recovery(healed_at)
        return Blow(name, healed - began, time.monotonic() - healed)

    def _await_recovery(self, healed_at: float) -> None:
        deadline = time.monotonic() + _MOST_RECOVERY_SECONDS
        while time.monotonic() < deadline and self._is_behind(healed_at):
            time.sleep(_LOOK_SECONDS)

    def _is_behind(self, healed_at: float) -> bool:
        with self._stage.engine.connect() as connection:
            return bool(connection.scalar(_BEHIND, {"healed": healed_at}))

    def _kill(self) -> None:
        """Kill -9 somebody every now and then: web workers, relays, mailers and consumers alike."""
        while not self._over.wait(self._kill_every * self._killing.uniform(0.4, 1.6)):
            kind = self._killing.choice(("web", "relay", "mailer", "consumer"))
            actor = self._killing.choice(self._stage.cast.of(kind))
            self._stage.cast.kill(actor, self._killing.choice)


def settle(stage: Stage, *, seconds: float) -> bool:
    """Wait until nothing is under way any more, and every foreign service has all; False where that never comes."""
    deadline = time.monotonic() + seconds
    open_rows = text("SELECT count(*) FROM outbox WHERE position IS NULL OR mail_state = 'waiting'")
    every = text("SELECT count(*) FROM outbox")
    while time.monotonic() < deadline:
        with stage.engine.connect() as connection:
            waiting, all_of_them = connection.scalar(open_rows), connection.scalar(every)
        if not waiting and all(len(seen_by(stage.effects_of(group))) >= all_of_them for group in GROUPS):
            return True
        time.sleep(_LOOK_SECONDS)
    return False
