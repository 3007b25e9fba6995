"""Failed logins lock a username temporarily, whether it exists or not (LOGIN-2, SEC-3)."""

from functools import partial

import pytest

from tests.support.actors.failed_logins import WRONG, fail_logins
from tests.support.actors.people import Person, unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.system import System


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_five_failures_lock_for_15_minutes_and_the_right_password_is_refused_too(system: System) -> None:
    person = system.person()

    failures = fail_logins(system.visitor(), person, times=5)
    refused = system.visitor().log_in(person)

    assert failures == [401] * 5
    assert (refused.status_code, refused.json()["code"]) == (429, "locked")
    assert refused.headers["Retry-After"] == "900"
    assert normalize(refused.json()["detail"]) == normalize(
        "登入失敗次數過多,請於 15 分鐘後再試,或以「忘記密碼?」重設密碼"
    )


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_four_failures_do_not_lock_and_the_right_password_resets_the_count(system: System) -> None:
    person, visitor = system.person(), system.visitor()

    answers = []
    for _ in range(2):
        answers += [
            *fail_logins(system.visitor(), person, times=4),
            system.visitor().log_in(person).status_code,
        ]
    fifth = fail_logins(visitor, person, times=5)

    assert answers == [401, 401, 401, 401, 201] * 2
    assert fifth == [401] * 5


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_the_failure_window_starts_with_the_first_failure_after_a_login(system: System) -> None:
    person = system.person()
    system.visitor().log_in(person)

    system.clock.advance(minutes=14)
    fail_logins(system.visitor(), person, times=2)
    system.clock.advance(minutes=2)
    fail_logins(system.visitor(), person, times=3)

    assert system.visitor().log_in(person).status_code == 429


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_lock_ends_by_itself_despite_further_tries(system: System) -> None:
    person, stranger = system.person(), system.visitor()
    fail_logins(stranger, person, times=5)

    system.clock.advance(minutes=14, seconds=59)
    still_locked = fail_logins(stranger, person, times=20)
    system.clock.advance(seconds=1)
    after = system.visitor().log_in(person)

    assert still_locked == [429] * 20
    assert after.status_code == 201


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_slow_guesses_are_counted_from_the_last_failure(system: System) -> None:
    person, stranger = system.person(), system.visitor()
    fail_logins(stranger, person, times=1)
    system.clock.advance(minutes=14)
    fail_logins(stranger, person, times=4)

    system.clock.advance(minutes=2)

    assert system.visitor().log_in(person).status_code == 429


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_name_that_does_not_exist_is_locked_alike(system: System) -> None:
    nobody = Person("-", "general", f"nobody{unique()}", "nobody@example.com", "-")

    answers = fail_logins(system.visitor(), nobody, times=6)

    assert answers == [401, 401, 401, 401, 401, 429]


@pytest.mark.rule("LOGIN-2", "LOGIN-1")
def test_the_answer_before_a_lock_warns_alike_for_known_and_unknown_names(system: System) -> None:
    names = system.person().username, f"nobody{unique()}"

    answers = [
        [system.visitor().post("/sessions", {"username": name, "password": WRONG}).json() for _ in range(5)]
        for name in names
    ]

    assert answers[0] == answers[1]
    assert [normalize(answer["detail"]) for answer in answers[0]] == [
        *[normalize("帳號或密碼錯誤")] * 3,
        normalize("帳號或密碼錯誤,再錯 1 次將鎖定 15 分鐘"),
        normalize("帳號或密碼錯誤,已鎖定 15 分鐘,請稍後再試,或以「忘記密碼?」重設密碼"),
    ]


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_parallel_guesses_have_no_advantage(system: System) -> None:
    person = system.person()
    strangers = [system.visitor() for _ in range(14)]

    answers = run_concurrently([partial(fail_logins, stranger, person, times=1) for stranger in strangers])

    assert sorted(answers) == [[401]] * 5 + [[429]] * 9


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_failures_at_binding_and_at_login_share_one_count(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()

    guesses = [
        link.post("/bindings", {"username": general.username, "password": WRONG}).status_code
        for _ in range(5)
    ]
    at_login = system.visitor().log_in(general)
    at_binding = link.post("/bindings", {"username": general.username, "password": general.password})

    assert guesses == [401] * 5
    assert (at_login.json()["code"], at_binding.json()["code"]) == ("locked", "locked")


@pytest.mark.rule("LOGIN-2", "BIND-3")
def test_the_right_password_never_counts_as_a_failure(system: System) -> None:
    taken = system.person()
    system.bind(system.logged_in(system.person("link")), taken)
    other = system.logged_in(system.person("link"))

    answers = [
        other.post("/bindings", {"username": taken.username, "password": taken.password}).json()["code"]
        for _ in range(6)
    ]

    assert answers == ["already_bound"] * 6
    assert system.visitor().log_in(taken).status_code == 201
