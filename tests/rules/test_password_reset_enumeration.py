"""A reset request takes the same work whether account and mailbox match or not (LOGIN-8)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from port_events.sealing import Sealer
from sqlalchemy import Engine, event

from tests.support.actors.people import unique
from tests.support.harness.system import System


@dataclass
class Work:
    """Records SQL statements and commits, and counts sealed payloads."""

    statements: list[str] = field(default_factory=list)
    seals: int = 0

    def since_last_call(self) -> tuple[list[str], int]:
        done = self.statements, self.seals
        self.statements, self.seals = [], 0
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    done, seal = Work(), Sealer.seal

    def sealed(*arguments: Any) -> str:
        done.seals += 1
        return seal(*arguments)

    def executed(*arguments: Any) -> None:
        # Rolling back to a savepoint costs the same as releasing it
        done.statements.append(re.sub(r"^(ROLLBACK TO|RELEASE) SAVEPOINT", "END OF", arguments[2]))

    def committed(_connection: Any) -> None:
        done.statements.append("COMMIT")

    monkeypatch.setattr(Sealer, "seal", sealed)
    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "commit", committed)
    yield done
    event.remove(Engine, "before_cursor_execute", executed)
    event.remove(Engine, "commit", committed)


def ask(system: System, username: str, email: str) -> None:
    answer = system.visitor().post("/password-resets", {"username": username, "email": email})
    assert answer.status_code == 202


@pytest.mark.rule("LOGIN-8")
def test_a_mismatched_mailbox_runs_the_same_statements_and_seals_a_payload(
    system: System, work: Work
) -> None:
    person, unverified = system.person(), system.register()
    work.since_last_call()

    ask(system, person.username, person.email)
    matched = work.since_last_call()
    ask(system, person.username, f"other{unique()}@example.com")
    other_mailbox = work.since_last_call()
    ask(system, unverified.username, unverified.email)
    never_proven = work.since_last_call()

    assert matched == other_mailbox == never_proven
    assert (matched[1], matched[0].count("COMMIT")) == (1, 1)


@pytest.mark.rule("LOGIN-8")
def test_an_unknown_name_runs_as_many_statements_and_seals_a_payload(system: System, work: Work) -> None:
    person = system.person()
    work.since_last_call()

    ask(system, person.username, person.email)
    statements, seals = work.since_last_call()
    ask(system, f"nobody{unique()}", person.email)
    statements_of_nobody, seals_of_nobody = work.since_last_call()

    assert (len(statements_of_nobody), seals_of_nobody) == (len(statements), seals)
    locked, written = set(statements) - set(statements_of_nobody), set(statements_of_nobody) - set(statements)
    # For an unknown name an INSERT replaces the lock of the account's row.
    assert [each.split()[0] for each in (*locked, *written)] == ["SELECT", "INSERT"]


@pytest.mark.rule("LOGIN-8", "EVT-2")
def test_a_mismatch_leaves_no_rows(system: System) -> None:
    person = system.person()
    system.publish()
    counts = (
        "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM outbox), sum(sequence) FROM accounts"
    )
    before = system.rows(counts)

    ask(system, person.username, f"other{unique()}@example.com")
    ask(system, f"nobody{unique()}", person.email)

    assert system.publish() == 0
    assert system.rows(counts) == before
    assert system.rows("SELECT 1 FROM mail_links WHERE purpose = 'password_reset'") == []


@pytest.mark.rule("LOGIN-8", "SEC-4")
def test_a_request_with_another_mailbox_leaves_the_mailed_link_valid(system: System) -> None:
    person = system.person()
    ask(system, person.username, person.email)

    ask(system, person.username, f"other{unique()}@example.com")

    token = system.mail(person.email, "密碼重設").token
    done = system.visitor().post(
        "/password-resets/confirm", {"token": token, "password": "Another-Crane-88!"}
    )
    assert done.status_code == 204
