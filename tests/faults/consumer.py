"""A foreign service: follows the events as one member of a group, and keeps what it saw in a file of its own.

    python -m tests.faults.consumer GROUP FILE

What an event does and that it was done are one transaction, so a kill or a wiped Redis repeats nothing. Nothing but
that keeps an event from being written twice: the harness counts.
"""

import os
import sqlite3
import sys

from port_events.consumer import Consumer

_TABLES = """
CREATE TABLE IF NOT EXISTS effects (
  place INTEGER PRIMARY KEY, event_id TEXT, type TEXT, subject TEXT, sequence INTEGER, at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""


def main() -> None:
    """Follow until told to stop."""
    group, path = sys.argv[1:]
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.executescript(_TABLES)
    consumer = Consumer.from_url(os.environ["REDIS_URL"], group=group, name="the-only-member")
    for event in consumer.stop_on_signals():
        with database:
            database.execute("BEGIN IMMEDIATE")
            if database.execute("INSERT OR IGNORE INTO done VALUES (?)", (event.id,)).rowcount:
                database.execute(
                    "INSERT INTO effects (event_id, type, subject, sequence) VALUES (?, ?, ?, ?)",
                    (event.id, event.type, event.subject, event.sequence),
                )


if __name__ == "__main__":
    main()
