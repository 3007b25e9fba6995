"""A dedupe store in the handler's own database: no effect is repeated, even after total loss of Redis (EVT-5)."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from port_events.consumer import Consumer
from port_events.envelope import STREAM, Event
from redis import Redis

from tests.shared.consumer_thread import GROUP, publish
from tests.shared.feed_server import Published
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


class Ledger:
    """A database with the effects, which is also the dedupe store; one transaction writes both."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self._database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
        self._database.execute("CREATE TABLE IF NOT EXISTS effects (id TEXT)")
        self._database.execute("CREATE TABLE IF NOT EXISTS positions (position INTEGER)")

    def apply(self, event: Event) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        added = self._database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [event.id]).rowcount
        if added:
            self._database.execute("INSERT INTO effects VALUES (?)", [event.id])
        self._database.execute("COMMIT")

    def effects(self) -> list[str]:
        return [row[0] for row in self._database.execute("SELECT id FROM effects ORDER BY rowid")]

    def is_handled(self, event: Event) -> bool:
        return bool(self._database.execute("SELECT 1 FROM handled WHERE id = ?", [event.id]).fetchall())

    def mark_handled(self, event: Event) -> None:
        self._database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [event.id])

    def position(self) -> int | None:
        (found,) = self._database.execute("SELECT max(position) FROM positions").fetchone()
        return None if found is None else int(found)

    def advance(self, position: int) -> None:
        self._database.execute("INSERT INTO positions VALUES (?)", [position])

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "own.db")) as ledger:
        yield ledger


@pytest.fixture
def consumer(redis_server: RedisServer, ledger: Ledger) -> Iterator[Consumer]:
    consumer = Consumer.from_url(redis_server.url, group=GROUP, block_ms=20, dedupe_store=ledger)
    thread = threading.Thread(target=consumer.run, args=(ledger.apply,), daemon=True)
    thread.start()
    yield consumer
    consumer.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.rule("EVT-2", "EVT-5")
def test_a_wiped_redis_repeats_no_effect(
    redis_server: RedisServer, client: Redis, ledger: Ledger, consumer: Consumer
) -> None:
    published = Published()
    published.add(client, "e-1", "e-2")
    wait_until(lambda: ledger.effects() == ["e-1", "e-2"], what="both effects")

    redis_server.wipe()
    published.republish(client)
    published.add(client, "e-3")
    wait_until(lambda: "e-3" in ledger.effects(), what="the third effect")

    assert ledger.effects() == ["e-1", "e-2", "e-3"]
    assert consumer.duplicates == 2


@pytest.mark.rule("EVT-6")
@pytest.mark.usefixtures("consumer")
def test_the_position_is_kept_in_the_store(client: Redis, ledger: Ledger) -> None:
    Published().add(client, "e-1", "e-2")

    wait_until(lambda: ledger.position() == 2, what="the position")

    assert not client.exists(f"seen:{GROUP}:position")


@pytest.mark.rule("EVT-5")
def test_an_effect_before_a_crash_is_not_repeated(
    redis_server: RedisServer, client: Redis, ledger: Ledger
) -> None:
    publish(client, "e-1", "e-2")
    crashing = iter(Consumer.from_url(redis_server.url, group=GROUP, dedupe_store=ledger))
    ledger.apply(next(crashing))
    client.xclaim(STREAM, GROUP, "killed", 0, [entry["message_id"] for entry in pending_entries(client)])

    successor = Consumer.from_url(
        redis_server.url, group=GROUP, dedupe_store=ledger, claim_idle_ms=1, block_ms=20
    )
    ledger.apply(next(iter(successor)))

    assert ledger.effects() == ["e-1", "e-2"]
    assert successor.duplicates == 1


def pending_entries(client: Redis) -> list[Any]:
    return list(client.xpending_range(STREAM, GROUP, "-", "+", 10))
