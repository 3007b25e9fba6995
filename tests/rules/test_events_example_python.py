"""The Python example, unchanged, against the running system (EVT-5, EVT-6)."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.support.actors.event_consumers import (
    EXAMPLES,
    add_bound_account,
    consumer_url,
    feed_settings,
    trim_stream,
)
from tests.support.actors.people import TAX_IDS
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program


class Passes:
    """The example's process and its database."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.path = installation.directory / "passes.db"
        self._environment = {
            **feed_settings(installation),
            "REDIS_URL": consumer_url(installation),
            "PASS_DATABASE": str(self.path),
            "CLAIM_IDLE_MS": "200",
        }

    def start(self) -> Program:
        script = str(EXAMPLES / "python" / "pass_service.py")
        return self._installation.start_program("python", script, environment=self._environment)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as database:
            return [row[0] if len(row) == 1 else row for row in database.execute(query)]

    def may_act(self) -> set[str]:
        """Return the accounts for which a link account may act, none before the process has created its table."""
        try:
            return set(self.rows("SELECT account FROM may_act"))
        except sqlite3.OperationalError:
            return set()

    def wait_for(self, *accounts: str) -> None:
        wait_until(
            lambda: self.may_act() == set(accounts),
            what=f"{accounts}, not {self.may_act()}",
            timeout_seconds=30,
        )


@pytest.mark.rule("EVT-2", "EVT-5", "EVT-6")
def test_the_pass_service_stays_correct_through_restarts_and_stream_loss(
    installation_on_postgresql: Installation,
) -> None:
    installation = installation_on_postgresql
    installation.start("web", "relay", "mailer")
    holder = installation.person("link")
    link = installation.logged_in(holder)
    (one, first), (two, second) = (add_bound_account(installation, link, tax_id) for tax_id in TAX_IDS[:2])
    trim_stream(installation)
    passes = Passes(installation)

    running = passes.start()
    passes.wait_for(one.id, two.id)
    wait_until(lambda: passes.rows("SELECT position FROM place"), what="the recorded position")
    (began,) = passes.rows("SELECT position FROM place")

    link.delete(f"/bindings/{first}")
    passes.wait_for(two.id)

    running.kill()
    three, _ = add_bound_account(installation, link, TAX_IDS[2])
    trim_stream(installation)
    link.delete(f"/bindings/{second}")
    running = passes.start()
    passes.wait_for(three.id)

    installation.redis.wipe()
    link.post("/bindings", {"username": one.username, "password": one.password})
    installation.wait_for_mails()
    wait_until(
        lambda: sorted(passes.rows("SELECT event FROM handled")) == after(installation, began),
        what="every event after the snapshot, each once",
        timeout_seconds=30,
    )

    assert passes.may_act() == {three.id}
    assert passes.rows("SELECT link, account, tax_id FROM may_act") == [(holder.id, three.id, TAX_IDS[2])]
    assert running.stop() == 0
    assert passes.rows("SELECT count(*) FROM accounts") == [4]


def after(installation: Installation, position: int) -> list[str]:
    query = "SELECT event_id FROM outbox WHERE position > :position ORDER BY event_id"
    return [row[0] for row in installation.rows(query, position=position)]


@pytest.mark.rule("EVT-6")
def test_the_pass_service_starts_over_with_a_snapshot_when_the_feed_has_a_gap(
    installation_on_sqlite: Installation,
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay", "mailer")
    link = installation.logged_in(installation.person("link"))
    (one, first), (two, _) = (add_bound_account(installation, link, tax_id) for tax_id in TAX_IDS[:2])
    passes = Passes(installation)
    running = passes.start()
    passes.wait_for(one.id, two.id)
    wait_until(lambda: passes.rows("SELECT position FROM place"), what="the recorded position")
    running.kill()

    link.delete(f"/bindings/{first}")
    three, _ = add_bound_account(installation, link, TAX_IDS[2])
    trim_stream(installation)
    with installation.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM outbox WHERE position < (SELECT max(position) FROM outbox)")
    running = passes.start()

    passes.wait_for(two.id, three.id)
    assert running.stop() == 0
