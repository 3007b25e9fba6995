"""A login does not reveal which names exist: same answer, same hash cost (LOGIN-1)."""

from typing import Any

import pytest
from argon2 import PasswordHasher

from tests.support.actors.failed_logins import WRONG
from tests.support.actors.people import unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System


class HashWork:
    """Records each Argon2 computation with its parameters."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        for name in ("verify", "hash"):
            monkeypatch.setattr(PasswordHasher, name, self._counted(name, getattr(PasswordHasher, name)))

    def _counted(self, name: str, work: Any) -> Any:
        def counted(hasher: PasswordHasher, *arguments: Any) -> Any:
            self.done.append(f"{name} {hasher.memory_cost} {hasher.time_cost} {hasher.parallelism}")
            return work(hasher, *arguments)

        return counted

    def since_last_call(self) -> list[str]:
        done, self.done = self.done, []
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> HashWork:
    return HashWork(monkeypatch)


def attempt(system: System, username: str, password: str = WRONG) -> tuple[int, Any]:
    answer = system.visitor().post("/sessions", {"username": username, "password": password})
    return answer.status_code, answer.json()


@pytest.mark.rule("LOGIN-1", "SEC-3")
def test_an_unknown_name_gets_the_answer_and_hash_cost_of_a_wrong_password(
    system: System, work: HashWork
) -> None:
    known, lapsed = system.person(), system.register()
    system.clock.advance(days=7)
    work.since_last_call()

    wrong_password, work_for_known = attempt(system, known.username), work.since_last_call()
    unknown, work_for_unknown = attempt(system, f"nobody{unique()}"), work.since_last_call()
    gone, work_for_lapsed = attempt(system, lapsed.username, lapsed.password), work.since_last_call()

    assert work_for_known == work_for_unknown == work_for_lapsed == ["verify 64 1 1"]
    assert wrong_password == unknown == gone
    assert (unknown[0], unknown[1]["code"]) == (401, "bad_credentials")
    assert normalize(unknown[1]["detail"]) == normalize("帳號或密碼錯誤")


@pytest.mark.rule("LOGIN-1", "SEC-3")
def test_a_locked_name_costs_no_hash_whether_it_exists_or_not(system: System, work: HashWork) -> None:
    names = system.person().username, f"nobody{unique()}"
    for name in names * 5:
        attempt(system, name)
    work.since_last_call()

    known, unknown = (attempt(system, name) for name in names)

    assert work.since_last_call() == []
    assert known == unknown
    assert known[1]["code"] == "locked"


@pytest.mark.rule("BIND-3", "LOGIN-1")
def test_binding_an_unknown_name_costs_the_hash_of_a_wrong_password(system: System, work: HashWork) -> None:
    link, known = system.logged_in(system.person("link")), system.person()
    work.since_last_call()

    wrong = link.post("/bindings", {"username": known.username, "password": WRONG})
    work_for_known = work.since_last_call()
    unknown = link.post("/bindings", {"username": f"nobody{unique()}", "password": WRONG})
    work_for_unknown = work.since_last_call()

    assert work_for_known == work_for_unknown == ["verify 64 1 1"]
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())


@pytest.mark.rule("LOGIN-1", "REG-3")
def test_a_name_is_found_without_regard_to_case(system: System) -> None:
    person = system.person()

    status, session = attempt(system, person.username.upper(), person.password)

    assert (status, session["account"]["username"]) == (201, person.username)
