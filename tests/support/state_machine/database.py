"""The state of the model's accounts in the database, for comparison with the model."""

import json
from typing import Any

from tests.support.harness.system import System
from tests.support.state_machine.model import Model, ModelAccount

_LOOSE_SESSIONS = """
SELECT s.id FROM sessions s LEFT JOIN bindings b ON b.id = s.binding_id
WHERE (s.binding_id IS NULL AND s.account_id <> s.holder_id)
   OR (s.binding_id IS NOT NULL AND (b.status <> 'verified' OR b.live_general_id <> s.account_id
       OR b.link_account_id <> s.holder_id))
"""
_ACCOUNTS = """
SELECT id, email_verified_at, suspended_at, closed_at, email, sequence FROM accounts
WHERE id IN (SELECT subject FROM outbox WHERE id > :since)
"""
_BOUND_MORE_THAN_ONCE = """
SELECT general_account_id FROM bindings WHERE status <> 'removed' GROUP BY general_account_id HAVING count(*) > 1
"""


def event_summary(ce: str) -> str:
    """Return an event in the model's form."""
    event = json.loads(ce)
    kind = event["type"].removeprefix("tw.port.identity.")
    data = event["data"]
    more = [data.get("binding_id"), data.get("reason")] if kind.startswith(("bind", "account.closed")) else []
    return " ".join([kind, *filter(None, more)])


class DatabaseState:
    def __init__(self, system: System) -> None:
        self._system = system
        self._since = system.rows("SELECT coalesce(max(id), 0) FROM outbox")[0][0]

    def bound_more_than_once(self) -> list[Any]:
        """Return general accounts with more than one binding that is not removed (BIND-4)."""
        return self._system.rows(_BOUND_MORE_THAN_ONCE)

    def invalid_sessions(self) -> list[Any]:
        """Return sessions that act for another account without a verified binding of their holder to it (SW-5)."""
        return self._system.rows(_LOOSE_SESSIONS)

    def tokens(self) -> set[str]:
        """Return the digests of the tokens of all sessions, of any test."""
        return {row.token_digest for row in self._system.rows("SELECT token_digest FROM sessions")}

    def bindings(self, model: Model) -> dict[str, str]:
        """Return the status of every binding of the model's two link accounts, by id."""
        statement = "SELECT id, status FROM bindings WHERE link_account_id IN (:one, :two)"
        one, two = (link.person.id for link in model.links)
        return {row.id: row.status for row in self._system.rows(statement, one=one, two=two)}

    def codes(self, model: Model) -> dict[str, tuple[str, str, int]]:
        """Return challenge, digest and tries of each code of the model's bindings, by binding."""
        rows = self._system.rows("SELECT binding_id, challenge, digest, tries FROM bind_codes")
        known = {binding.id for binding in model.bindings}
        return {
            row.binding_id: (row.challenge, row.digest, row.tries) for row in rows if row.binding_id in known
        }

    def events(self, model: Model) -> dict[str, list[tuple[int, str]]]:
        """Return the sequence number and short text of each account's events, in order."""
        found: dict[str, list[tuple[int, str]]] = {holder.person.id: [] for holder in model.accounts}
        for row in self._system.rows(
            "SELECT subject, ce FROM outbox WHERE id > :since ORDER BY id", since=self._since
        ):
            if row.subject in found:  # cleanup also closes accounts of earlier runs
                found[row.subject].append((int(json.loads(row.ce)["sequence"]), event_summary(row.ce)))
        return found

    def accounts(self, model: Model) -> dict[str, tuple[bool, bool, bool, str, int]]:
        """Return the state of each account: verified, suspended, closed, mailbox, sequence number of its last event."""
        known = {holder.person.id for holder in model.accounts}
        return {
            row.id: (
                row.email_verified_at is not None,
                row.suspended_at is not None,
                row.closed_at is not None,
                row.email,
                row.sequence,
            )
            for row in self._system.rows(_ACCOUNTS, since=self._since)
            if row.id in known
        }

    def link_value(self, holder: ModelAccount, purpose: str) -> str | None:
        """Return the challenge of the account's unused link for this purpose."""
        statement = (
            "SELECT value FROM mail_links WHERE account_id = :id AND purpose = :purpose AND used_at IS NULL"
        )
        rows = self._system.rows(statement, id=holder.person.id, purpose=purpose)
        return str(rows[0].value) if rows else None
