"""The logins of this service in SQLite, which its processes share. A real service would use its usual database."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS logins (id TEXT PRIMARY KEY, sid TEXT, person TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS ended (sid TEXT PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE VIEW IF NOT EXISTS active AS SELECT * FROM logins  -- as long as identity's own logins
  WHERE at > datetime('now', '-12 hours') AND sid NOT IN (SELECT sid FROM ended);
DELETE FROM logins WHERE id NOT IN (SELECT id FROM active);
DELETE FROM ended WHERE at < datetime('now', '-1 day');
"""


class Logins:
    """The stored logins. `sid` is identity's id of a login; its logout token may arrive before the login is stored."""

    def __init__(self, path: str) -> None:
        self._path = path
        with closing(sqlite3.connect(path)) as database:
            database.executescript(TABLES)

    def add(self, person: dict[str, Any]) -> str:
        """Store a login; return the secret for the cookie."""
        login = secrets.token_urlsafe(32)
        self._run(
            "INSERT INTO logins (id, sid, person) VALUES (?, ?, ?)", login, person["sid"], json.dumps(person)
        )
        return login

    def find(self, login: str | None) -> Any:
        """Return the person who logged in, or None if the login has ended."""
        return self._run("SELECT person FROM active WHERE id = ?", login)

    def drop(self, login: str | None) -> Any:
        """Delete a login; return the person who logged in, or None if there is no such login."""
        return self._run("DELETE FROM logins WHERE id = ? RETURNING person", login)

    def end(self, sid: str) -> None:
        """End the logins with this `sid`, including a login that is stored later."""
        self._run("INSERT OR IGNORE INTO ended (sid) VALUES (?)", sid)

    def _run(self, statement: str, *values: str | None) -> Any:
        with closing(sqlite3.connect(self._path, timeout=10)) as database, database:
            row = database.execute(statement, values).fetchone()
        return json.loads(row[0]) if row else None
