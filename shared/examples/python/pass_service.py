"""A pass service with an SQLite table of the accounts that may act for each company; events take effect exactly once.

It starts from a snapshot and continues with the stream, or with the feed for events that the stream no longer has.
README.md explains how to run it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from port_events import catalogue as facts
from port_events.consumer import Consumer, RetryLater
from port_events.feed import CursorExpired, Feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from port_events.envelope import Event

# `known`: the sequence of the account's newest event that the snapshot includes.
TABLES = """
CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, tax_id TEXT, suspended INTEGER, known INTEGER);
CREATE TABLE IF NOT EXISTS bindings (id TEXT PRIMARY KEY, link TEXT, general TEXT);
CREATE TABLE IF NOT EXISTS handled (event TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS may_act AS SELECT link.id AS link, general.id AS account, general.tax_id FROM bindings
  JOIN accounts link ON link.id = bindings.link JOIN accounts general ON general.id = bindings.general
  WHERE NOT link.suspended AND NOT general.suspended;
DELETE FROM handled WHERE at < datetime('now', '-30 days');
"""


class Passes:
    """The service's database, also the consumer's DedupeStore: one transaction writes an event's id and its effect."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(TABLES)

    def handle(self, event: Event) -> None:
        """Apply an event, unless it was applied before or the snapshot includes it. Raises RetryLater."""
        with self._transaction():
            new = self._run("INSERT OR IGNORE INTO handled (event) VALUES (?)", event.id).rowcount
            known = self._run(
                "SELECT 1 FROM accounts WHERE id = ? AND known >= ?", event.subject, event.sequence
            )
            if new and not known.fetchone():
                self._apply(event)

    def _apply(self, event: Event) -> None:
        try:
            data = facts.parse_data(event)
        except facts.UnknownEvent:
            return  # the event is newer than this catalogue
        match data:
            case facts.AccountRegistered(tax_id=tax_id):
                self._run("INSERT INTO accounts VALUES (?, ?, 0, 0)", event.subject, tax_id)
            case facts.AccountSuspended():
                self._run("UPDATE accounts SET suspended = 1 WHERE id = ?", event.subject)
            case facts.AccountReinstated():
                self._run("UPDATE accounts SET suspended = 0 WHERE id = ?", event.subject)
            case facts.AccountClosed():
                self._run("DELETE FROM accounts WHERE id = ?", event.subject)
            case facts.BindingVerified(binding_id=binding, link_account_id=link):
                self._run("INSERT INTO bindings VALUES (?, ?, ?)", binding, link, event.subject)
            case facts.BindingRemoved(binding_id=binding):
                self._run("DELETE FROM bindings WHERE id = ?", binding)

    def load_snapshot(self, consumer: Consumer, feed: Feed) -> None:
        """Replace all data with a snapshot; the consumer continues after it."""
        pages = list(feed.snapshot())
        with self._transaction():
            self._run("DELETE FROM accounts")
            self._run("DELETE FROM bindings")
            for page in pages:
                for row in page.accounts:
                    state = row["id"], row["tax_id"], row["status"] == "suspended", row["sequence"]
                    self._run("INSERT INTO accounts VALUES (?, ?, ?, ?)", *state)
                for row in page.bindings:
                    if row["status"] == "verified":
                        sides = row["id"], row["link_account_id"], row["general_account_id"]
                        self._run("INSERT INTO bindings VALUES (?, ?, ?)", *sides)
        consumer.start_at(pages[0].position)

    # The DedupeStore of the consumer:

    def is_handled(self, event: Event) -> bool:
        return self._run("SELECT 1 FROM handled WHERE event = ?", event.id).fetchone() is not None

    def mark_handled(self, event: Event) -> None:
        """Do nothing, because `handle` recorded the event with its effect."""

    def position(self) -> int | None:
        found = self._run("SELECT position FROM place").fetchone()
        return int(found[0]) if found else None

    def advance(self, position: int) -> None:
        self._run("INSERT OR REPLACE INTO place VALUES (1, ?)", position)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._run("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise RetryLater from None  # another process is writing; the event is not at fault
        with self._database:
            yield

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.execute(statement, values)


def main() -> None:
    """Consume events until SIGTERM."""
    passes = Passes(os.environ["PASS_DATABASE"])
    feed = Feed(os.environ["IDENTITY_URL"], Path(os.environ["IDENTITY_SECRET_FILE"]).read_text().strip())
    consumer = Consumer.from_url(
        os.environ["REDIS_URL"],
        group="passes",
        claim_idle_ms=int(os.environ.get("CLAIM_IDLE_MS", "30000")),
        dedupe_store=passes,
        feed=feed,
    ).stop_on_signals()
    if passes.position() is None:
        passes.load_snapshot(consumer, feed)
    while True:
        try:
            return consumer.run(passes.handle)
        except CursorExpired:
            passes.load_snapshot(consumer, feed)


if __name__ == "__main__":
    main()
