"""Another service's consumer, the only member of its group. It records every event in a SQLite file.

    python -m tests.faults.recording_consumer GROUP FILE

The file is also the consumer's DedupeStore, so that no event is handled twice after a kill or a wipe of Redis. The
table has no unique index, so that the consistency check can count duplicates.
"""

import os
import sqlite3
import sys

from port_events.consumer import Consumer
from port_events.envelope import Event

_TABLES = """
CREATE TABLE IF NOT EXISTS effects (
  number INTEGER PRIMARY KEY, event_id TEXT, type TEXT, subject TEXT, sequence INTEGER, at TEXT DEFAULT (datetime())
);
CREATE INDEX IF NOT EXISTS effects_of_event ON effects (event_id);
CREATE TABLE IF NOT EXISTS feed_position (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
"""


class Effects:
    """A `port_events.consumer.DedupeStore` backed by the SQLite file."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)

    def record(self, event: Event) -> None:
        self._database.execute(
            "INSERT INTO effects (event_id, type, subject, sequence) VALUES (?, ?, ?, ?)",
            (event.id, event.type, event.subject, event.sequence),
        )

    def is_handled(self, event: Event) -> bool:
        found = self._database.execute("SELECT 1 FROM effects WHERE event_id = ?", (event.id,))
        return found.fetchone() is not None

    def mark_handled(self, event: Event) -> None:
        """Do nothing, because `record` already stored the event."""

    def position(self) -> int | None:
        found = self._database.execute("SELECT position FROM feed_position").fetchone()
        return int(found[0]) if found else None

    def advance(self, position: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO feed_position VALUES (1, ?)", (position,))


def main() -> None:
    group, path = sys.argv[1:]
    effects = Effects(path)
    consumer = Consumer.from_url(
        os.environ["REDIS_URL"], group=group, name="the-only-member", dedupe_store=effects
    )
    for event in consumer.stop_on_signals():
        effects.record(event)


if __name__ == "__main__":
    main()
