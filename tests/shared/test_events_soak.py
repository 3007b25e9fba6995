"""Every event takes effect exactly once while consumers are killed, entries trimmed and Redis wiped (EVT-2, EVT-6)."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from port_events.envelope import STREAM
from redis import Redis

from tests.shared.feed_server import SECRET, Published, served
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

pytestmark = pytest.mark.processes

SEEDS = (1, 2)
ROUNDS = 15

# Writes an effect, which is also its dedupe record, in one transaction, and ends at random before or after it.
MEMBER = """
import os, random, sqlite3, sys
from port_events import consumer
from port_events.consumer import Consumer
from port_events.feed import Feed

consumer.MIN_LEASE_MS = 300  # the wait after a member died while reading the feed; 15 s by default

url, address, secret, path, seed = sys.argv[1:]
dice = random.Random(seed)
database = sqlite3.connect(path, isolation_level=None, timeout=30)

class Store:
    def is_handled(self, event):
        return bool(database.execute("SELECT 1 FROM effects WHERE id = ?", [event.id]).fetchall())
    def mark_handled(self, event):
        pass
    def position(self):
        return database.execute("SELECT max(position) FROM positions").fetchone()[0]
    def advance(self, position):
        database.execute("INSERT INTO positions VALUES (?)", [position])

def handle(event):
    if dice.random() < 0.02:
        os._exit(9)
    database.execute("BEGIN IMMEDIATE")
    if not database.execute("SELECT 1 FROM effects WHERE id = ?", [event.id]).fetchall():
        database.execute("INSERT INTO effects VALUES (?, ?)", [event.id, event.sequence])
    database.execute("COMMIT")
    if dice.random() < 0.02:
        os._exit(9)

Consumer.from_url(
    url, group="passes", block_ms=20, batch=5, claim_idle_ms=150, dedupe_store=Store(),
    feed=Feed(address, secret, limit=7),
    tries=1000,
).run(handle)
"""


class Soak:
    """Two members that are restarted after they die, and their effects."""

    def __init__(self, server: RedisServer, address: str, path: Path) -> None:
        self._command = [sys.executable, "-c", MEMBER, server.url, address, SECRET, str(path)]
        self._members: list[subprocess.Popen[bytes] | None] = [None, None]
        self._database = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        # Without a unique index, a repeated effect is visible.
        self._database.execute("CREATE TABLE effects (id TEXT, sequence INTEGER)")
        self._database.execute("CREATE TABLE positions (position INTEGER)")
        self.deaths = 0

    def restart_dead(self, dice: random.Random) -> None:
        """Start each member that is not running, and add those that died to `deaths`."""
        for index, member in enumerate(self._members):
            if member is None or member.poll() is not None:
                self.deaths += member is not None
                self._members[index] = subprocess.Popen([*self._command, str(dice.random())])

    def kill(self, index: int) -> None:
        member = self._members[index]
        if member is not None:
            member.kill()
            member.wait(10)

    def wait_for_progress(self, dice: random.Random) -> None:
        """Wait for another effect, but only for a random number of checks."""
        done = len(self.effects())
        wait_until(lambda: len(self.effects()) > done or dice.random() < 0.1, what="another effect")

    def effects(self) -> list[str]:
        """Return the event id of each effect; an id is repeated if the effect was."""
        return [row[0] for row in self._database.execute("SELECT id FROM effects ORDER BY rowid")]

    def close(self) -> None:
        for index in range(len(self._members)):
            self.kill(index)
        self._database.close()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def soak(redis_server: RedisServer, published: Published, tmp_path: Path) -> Iterator[Soak]:
    with ExitStack() as stack:
        address = stack.enter_context(served(published))
        yield stack.enter_context(closing(Soak(redis_server, address, tmp_path / "own.db")))


def inject_fault(faults: random.Random, client: Redis, published: Published, soak: Soak) -> None:
    """Inject a random fault, or none."""
    match faults.randrange(6):
        case 0:
            soak.kill(faults.randrange(2))
        case 1:
            client.xtrim(STREAM, maxlen=faults.randrange(12), approximate=False)
        case 2:
            client.flushall()
        case 3:
            client.flushall()
            published.republish(client, since=faults.randrange(len(published.items)) + 1)
        case _:
            pass


@pytest.mark.rule("EVT-2", "EVT-5", "EVT-6")
@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_takes_effect_exactly_once_under_random_faults(
    redis_server: RedisServer, published: Published, soak: Soak, seed: int
) -> None:
    # The seed determines the faults, but not when the consumers proceed or die.
    faults, dice = random.Random(seed), random.Random(seed)
    with redis_server.client() as client:
        for number in range(ROUNDS):
            soak.restart_dead(dice)
            size = faults.randrange(1, 12)
            published.add(client, *(f"e-{seed}-{number}-{each}" for each in range(size)))
            inject_fault(faults, client, published, soak)
            soak.wait_for_progress(dice)

        def done() -> bool:
            soak.restart_dead(dice)
            return set(soak.effects()) == set(published.ids())

        wait_until(done, what="every event to have its effect", timeout_seconds=60)

    assert sorted(soak.effects()) == sorted(published.ids())
    assert soak.deaths > 0
