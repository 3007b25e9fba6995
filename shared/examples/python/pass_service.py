"""Who may act for which company, kept in SQLite by a pass service; every event takes effect exactly once.

    REDIS_URL=redis://consumer:PASSWORD@127.0.0.1:6390/0 IDENTITY_URL=http://127.0.0.1:8000 \\
    IDENTITY_SECRET_FILE=secret PASS_DATABASE=passes.db python pass_service.py

It begins with a snapshot and goes on with the stream; what the stream no longer has comes from the feed. All of
it needs a service's secret with the right `events:read`: `identity clients` makes one.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from port_events import catalogue
from port_events.consumer import Consumer
from port_events.feed import CursorExpired, Feed
from port_events.trying import NotNow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from port_events.envelope import Event

TABLES = """
CREATE TABLE IF NOT EXISTS companies (account TEXT PRIMARY KEY, tax_id TEXT NOT NULL, active INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS may_act (binding TEXT PRIMARY KEY, link TEXT NOT NULL, account TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS handled (event TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
"""


class Passes:
    """The service's database, and the memory of its consumer: what was done and that it was, in one transaction."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(TABLES)
        self._database.execute("DELETE FROM handled WHERE at < datetime('now', '-30 days')")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of it or nothing."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise NotNow from None  # somebody else is writing: no fault of the event
        with self._database:
            yield

    def handle(self, event: Event) -> None:
        """Let an event take effect, unless it did before."""
        with self.transaction():
            if self._run("INSERT OR IGNORE INTO handled (event) VALUES (?)", event.id).rowcount:
                self._apply(event)

    def _apply(self, event: Event) -> None:
        try:
            data = catalogue.data_of(event)
        except catalogue.UnknownEvent:
            return  # of a later catalogue
        match data:
            case catalogue.AccountRegistered(kind="general", tax_id=tax_id):
                self._run("INSERT OR REPLACE INTO companies VALUES (?, ?, 0)", event.subject, tax_id)
            case catalogue.AccountEmailVerified() | catalogue.AccountApproved() | catalogue.AccountReinstated():
                self._run("UPDATE companies SET active = 1 WHERE account = ?", event.subject)
            case catalogue.AccountSuspended() | catalogue.AccountRejected() | catalogue.AccountClosed():
                self._run("UPDATE companies SET active = 0 WHERE account = ?", event.subject)
            case catalogue.BindingVerified(binding_id=binding, link_account_id=link):
                self._run("INSERT OR REPLACE INTO may_act VALUES (?, ?, ?)", binding, link, event.subject)
            case catalogue.BindingRemoved(binding_id=binding):
                self._run("DELETE FROM may_act WHERE binding = ?", binding)

    def begin_anew(self, consumer: Consumer, feed: Feed) -> None:
        """Put a snapshot in the place of everything, and let the consumer go on from there."""
        pages = list(feed.snapshot())
        with self.transaction():
            self._run("DELETE FROM companies")
            self._run("DELETE FROM may_act")
            for page in pages:
                for account in page.accounts:
                    self._put_account(account)
                for binding in page.bindings:
                    self._put_binding(binding)
        consumer.start_at(pages[0].position)

    def _put_account(self, account: Mapping[str, Any]) -> None:
        if account["kind"] == "general":
            active = account["status"] == "active"
            self._run("INSERT INTO companies VALUES (?, ?, ?)", account["id"], account["tax_id"], active)

    def _put_binding(self, binding: Mapping[str, Any]) -> None:
        if binding["status"] == "verified":
            row = binding["id"], binding["link_account_id"], binding["general_account_id"]
            self._run("INSERT INTO may_act VALUES (?, ?, ?)", *row)

    # --- what the consumer asks (port_events.memory.Memory) ---

    def handled(self, event: Event) -> bool:
        """Tell whether the event took effect before."""
        return self._run("SELECT 1 FROM handled WHERE event = ?", event.id).fetchone() is not None

    def remember(self, event: Event) -> None:
        """Do nothing: `handle` did, with the effect."""

    def position(self) -> int | None:
        """Return how far we have come."""
        found = self._run("SELECT position FROM place").fetchone()
        return found and int(found[0])

    def reach(self, position: int) -> None:
        """Note how far we have come."""
        self._run("INSERT OR REPLACE INTO place VALUES (1, ?)", position)

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.execute(statement, values)


def main() -> None:
    """Follow until SIGTERM."""
    logging.basicConfig(level=logging.INFO)
    passes = Passes(os.environ["PASS_DATABASE"])
    feed = Feed(os.environ["IDENTITY_URL"], Path(os.environ["IDENTITY_SECRET_FILE"]).read_text().strip())
    consumer = Consumer.from_url(os.environ["REDIS_URL"], group="passes", memory=passes, feed=feed)
    consumer.stop_on_signals()
    if passes.position() is None:
        passes.begin_anew(consumer, feed)
    logging.info("following")
    try:
        consumer.run(passes.handle)
    except CursorExpired:
        passes.begin_anew(consumer, feed)
        consumer.run(passes.handle)


if __name__ == "__main__":
    main()
