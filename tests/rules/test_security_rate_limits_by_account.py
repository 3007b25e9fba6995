"""Limits for logged-in people: sessions, profile changes, switches, password checks (SEC-19)."""

import pytest
from identity.domain.rate_limits import PASSWORD_PROOFS, PROFILE_CHANGES, SWITCHES
from identity.domain.session import MAX_SESSIONS

from tests.support.actors.people import Visitor
from tests.support.actors.profile_changes import save
from tests.support.browser.plain_browser import AccountPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


def is_open(visitor: Visitor) -> bool:
    return visitor.get("/session").status_code == 200


@pytest.mark.rule("SEC-19", "LOGIN-7")
def test_the_oldest_session_ends_when_an_account_opens_its_21st(system: System) -> None:
    person, link = system.person(), system.logged_in(system.person("link"))
    link.switch(system.bind_and_verify(link, person))
    opened = []
    for _ in range(MAX_SESSIONS):
        opened.append(system.logged_in(person))
        system.clock.advance(seconds=1)

    before = [is_open(visitor) for visitor in opened]
    newest = system.logged_in(person)

    assert (before, [is_open(visitor) for visitor in opened]) == (
        [True] * MAX_SESSIONS,
        [False] + [True] * (MAX_SESSIONS - 1),
    )
    assert (is_open(newest), is_open(link)) == (True, True)
    assert [row.account_id for row in system.audit("session.ended")] == [person.id]


@pytest.mark.rule("SEC-19", "SEC-7")
def test_sessions_that_have_timed_out_do_not_count(system: System) -> None:
    person = system.person()
    old = system.logged_in(person)
    for _ in range(MAX_SESSIONS - 1):
        system.visitor().log_in(person)
    for _ in range(2):
        system.clock.advance(minutes=16)
        assert is_open(old)

    system.logged_in(person)

    assert (is_open(old), system.audit("session.ended")) == (True, [])


@pytest.mark.rule("SEC-19", "PRO-1")
def test_an_account_can_change_its_profile_twenty_times_a_day(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    answers = [
        save(visitor, {"mobile": f"09123456{number:02}"}) for number in range(PROFILE_CHANGES.max_count + 2)
    ]
    unchanged = save(visitor, {"mobile": answers[PROFILE_CHANGES.max_count - 1].json()["mobile"]})
    page = AccountPage(visitor)
    by_page = page.send(mobile="0987654321")
    system.clock.advance(days=1)
    next_day = save(system.logged_in(person), {"mobile": "0987654321"})

    assert [answer.status_code for answer in answers] == [200] * PROFILE_CHANGES.max_count + [429] * 2
    assert (answers[-1].json()["code"], "Retry-After" in answers[-1].headers) == ("too_many_requests", True)
    assert (unchanged.status_code, next_day.status_code) == (200, 200)
    assert (by_page.status_code, normalize("資料修改次數過多") in page.text) == (429, True)
    assert system.event_types(person.id).count("account.profile_changed") == PROFILE_CHANGES.max_count + 1


@pytest.mark.rule("SEC-19", "SW-1", "SW-3")
def test_a_session_can_switch_three_hundred_times_an_hour_and_always_return(system: System) -> None:
    owner = system.person("link")
    link = system.logged_in(owner)
    (session,) = system.rows("SELECT id FROM sessions WHERE holder_id = :holder", holder=owner.id)
    binding = system.bind_and_verify(link, system.person())
    for _ in range(SWITCHES.max_count - 1):
        system.ports.counters.increment([SWITCHES.counter(session.id)], system.clock.now())

    within, back, refused = link.switch(binding), link.switch_back(), link.switch(binding)
    in_other_session = system.logged_in(owner).switch(binding)
    page = AccountPage(link, "/links")
    page.send(f"/links/{binding}/switch")
    shown, rows = page.text, len(system.audit("session.switched"))
    for _ in range(3):
        system.clock.advance(minutes=20)
        assert is_open(link)
    next_hour = link.switch(binding)

    assert [each.status_code for each in (within, back, in_other_session, next_hour)] == [200] * 4
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert "Retry-After" in refused.headers
    assert (normalize("切換登入次數過多，請於 60 分鐘後再試") in shown, rows) == (True, 2)


@pytest.mark.rule("SEC-19", "PRO-4", "OPS-1")
def test_an_accounts_limit_of_password_checks_does_not_count_wrong_passwords(system: System) -> None:
    person = system.person()
    visitor, thief = system.logged_in(person), system.logged_in(person)

    def check(by: Visitor, password: str) -> tuple[int, str]:
        """Request a new password that is refused after the check of the current password."""
        answer = by.put("/account/password", {"current": password, "new": person.password})
        return answer.status_code, answer.json()["code"]

    guesses = [check(thief, "Wrong-Crane-88!") for _ in range(5)]
    checks = [check(visitor, person.password) for _ in range(PASSWORD_PROOFS.max_count + 1)]
    elsewhere = check(system.logged_in(person), person.password)
    invoke(system, "accounts", "unlock", person.username, "--reason", "本人來電")
    unlocked = check(visitor, person.password)

    assert guesses[-1] == (401, "not_signed_in")
    assert checks == [(422, "password_reused")] * PASSWORD_PROOFS.max_count + [(429, "too_many_requests")]
    assert (elsewhere, unlocked) == ((429, "too_many_requests"), (422, "password_reused"))
