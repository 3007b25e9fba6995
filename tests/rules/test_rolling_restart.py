"""No request fails during an upgrade under load: migration, then restarts (deploy/runbook.md, Upgrading)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import psycopg
import pytest

from tests.support.actors.people import Person, registration
from tests.support.harness.installation import Installation
from tests.support.harness.measurements import report_figure, timed
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program, run_preloaded
from tests.support.servers.load_balancer import LoadBalancer, run_load_balancer
from tests.support.servers.ports import free_port

CLIENTS = 4
# Changes that the next release's migration may make while this release runs (expand and contract).
EXPANSION = (
    "ALTER TABLE accounts ADD COLUMN nickname varchar(50)",
    "ALTER TABLE sessions ADD COLUMN assurance integer NOT NULL DEFAULT 0",
    "CREATE TABLE keepsakes (id varchar(36) PRIMARY KEY, account_id varchar(36) REFERENCES accounts (id))",
    "CREATE INDEX CONCURRENTLY ix_accounts_name ON accounts (name)",
)


class Load:
    """Clients that register, log in, read and log out until stopped; `wrong` lists unexpected answers and errors."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._people, daemon=True) for _ in range(CLIENTS)]
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.registered: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more_answers(self) -> None:
        """Wait until the clients have got 32 more answers, or until one was wrong."""
        before = sum(self.answers.values())
        wait_until(
            lambda: self.wrong or sum(self.answers.values()) >= before + 8 * CLIENTS,
            what="another round of every client",
            timeout_seconds=60,
        )

    def _people(self) -> None:
        while not self._stopped.is_set():
            try:
                self._one()
            except httpx.TransportError as error:
                self.wrong.append(type(error).__name__)

    def _one(self) -> None:
        visitor = self._installation.visitor()
        sent = registration("link")
        self._record(visitor.post("/accounts", sent), 202)
        self.registered.append(sent["email"])
        person = Person("", "link", sent["username"], sent["email"], sent["password"])
        self._record(visitor.log_in(person), 201)
        self._record(visitor.get("/session"), 200)
        self._record(visitor.delete("/session"), 204)
        visitor.close()

    def _record(self, answer: httpx.Response, expected: int) -> None:
        self.answers[f"{answer.request.method} {answer.status_code}"] += 1
        if answer.status_code != expected:
            self.wrong.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")


@pytest.fixture
def balancer() -> Iterator[LoadBalancer]:
    with run_load_balancer() as balancer:
        yield balancer


def _web(installation: Installation, balancer: LoadBalancer) -> tuple[int, Program]:
    port = free_port()
    program = installation.start_without_waiting("web", IDENTITY_BIND=f"127.0.0.1:{port}")
    balancer.add(port)
    return port, program


def _migrate(installation: Installation) -> None:
    migrated = run_preloaded("identity", "migrate", environment=installation.environment)
    assert migrated.returncode == 0, migrated.stderr
    url = installation.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in EXPANSION:
            connection.execute(statement)


@pytest.mark.rule("OPS-4", "MAIL-7", "EVT-2", "MAIL-3")
def test_a_rolling_restart_fails_no_request_and_loses_or_duplicates_no_mail(
    installation_on_postgresql: Installation, balancer: LoadBalancer
) -> None:
    installation = installation_on_postgresql
    installation.url = balancer.url
    webs = [_web(installation, balancer) for _ in range(2)]
    relay, *mailers = installation.start("relay", "mailer", "mailer")
    load = Load(installation)
    ended = []
    with ExitStack() as stack:
        stack.callback(load.stop)
        load.start()
        load.wait_for_more_answers()

        _migrate(installation)
        load.wait_for_more_answers()
        for port, web in webs:
            balancer.drain(port)
            with timed("stop of web under load"):
                ended.append(web.stop())
            _web(installation, balancer)
            load.wait_for_more_answers()
        with timed("start of a relay under load"):
            installation.start("relay")
        with timed("stop of a relay under load"):
            ended.append(relay.stop())
        load.wait_for_more_answers()
        for mailer in mailers:
            with timed("stop of a mailer under load"):
                ended.append(mailer.stop())
            with timed("start of a mailer under load"):
                installation.start("mailer")
            load.wait_for_more_answers()
    installation.wait_for_mails()

    failed = len(load.wrong) + len(balancer.failures)
    report_figure(f"update of every process under load: {load.answers.total()} requests, {failed} failed")
    assert (load.wrong, balancer.failures) == ([], [])
    assert ended == [0] * 5
    assert load.answers.total() > 8 * CLIENTS * 7
    assert {installation.mailbox.count(address) for address in load.registered} == {1}
