"""What a stranger may ask without an account has a bound by address (SEC-3, SEC-6)."""

import pytest
from identity.domain.rate_limits import NAMES_BY_ADDRESS, RESETS_BY_ADDRESS

from tests.support.actors.people import Person, application, unique
from tests.support.actors.registration_form import checked, filled_in, form_of
from tests.support.browser.pages import Browser
from tests.support.browser.text import normal
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

BEHIND_PROXY = {"IDENTITY_TRUSTED_PROXIES": "127.0.0.0/8"}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.8"}


def ask_for_others(system: System, *, times: int) -> set[tuple[int, str]]:
    """Ask for resets with another made-up pair each time; return the answers."""
    visitor = system.visitor()
    pairs = [(f"nobody{unique()}", f"nobody{unique()}@example.com") for _ in range(times)]
    answers = [visitor.post("/password-resets", {"username": name, "email": email}) for name, email in pairs]
    return {(answer.status_code, answer.text.strip()) for answer in answers}


def forgotten(system: System, person: Person, **headers: str) -> tuple[int, str]:
    """Ask for a person's reset by the API."""
    wanted = {"username": person.username, "email": person.email}
    answer = system.visitor().post("/password-resets", wanted, **headers)
    return answer.status_code, answer.text.strip()


@pytest.mark.rule("LOGIN-8", "SEC-3", "SEC-6")
def test_an_address_that_asks_for_very_many_resets_is_dropped_in_silence_and_leaves_no_more_rows(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    within = ask_for_others(system, times=RESETS_BY_ADDRESS.max_count)
    counted = "SELECT count(*) FROM counters"
    rows = system.rows(counted)

    beyond = ask_for_others(system, times=3) | {forgotten(system, person)}
    page = Browser(system.visitor()).open("/password/forgotten")
    shown = page.press(username=person.username, email=person.email)
    left = system.rows(counted)
    system.settle()

    assert beyond == within
    assert (shown.status, shown.answer.url.path) == (200, "/password/forgotten/sent")
    assert (left, system.mailbox.count(person.email, "密碼重設")) == (rows, 0)


@pytest.mark.rule("LOGIN-8", "SEC-3")
def test_the_bound_on_resets_is_each_addresss_own_and_lasts_an_hour(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person, other = system.person(), system.person()
    ask_for_others(system, times=RESETS_BY_ADDRESS.max_count)

    forgotten(system, person, **ELSEWHERE)
    system.settle()
    system.clock.advance(hours=1)
    forgotten(system, other)
    system.settle()

    assert [system.mailbox.count(each.email, "密碼重設") for each in (person, other)] == [1, 1]


@pytest.mark.rule("LOGIN-8", "SEC-3")
def test_both_doors_to_a_reset_share_the_bound(system: System) -> None:
    person = system.person()
    browser = Browser(system.visitor())
    page = browser.open("/password/forgotten")
    for _ in range(RESETS_BY_ADDRESS.max_count):
        page.press(username=f"nobody{unique()}", email="nobody@example.com")

    forgotten(system, person)
    system.settle()

    assert system.mailbox.count(person.email, "密碼重設") == 0


@pytest.mark.rule("REG-3", "SEC-3")
def test_an_address_that_looks_up_very_many_names_is_told_the_rest_and_by_sending_whether_one_is_taken(
    system: System,
) -> None:
    taken, visitor = system.register(), system.visitor()
    form = form_of(visitor)

    within = {
        str(checked(form, visitor, username=taken.username).json()["faults"]["username"])
        for _ in range(NAMES_BY_ADDRESS.max_count)
    }
    beyond = checked(form, visitor, **filled_in(username=taken.username, mobile="1")).json()["faults"]
    by_program = visitor.post("/accounts", application(username=taken.username, mobile="1")).json()["errors"]
    faulty = form.press(**filled_in(username=taken.username, mobile="1"))
    sent = form.press(**filled_in(username=taken.username))

    assert within == {"['帳號已經存在，請重設其他帳號']"}
    assert (set(beyond), [each["pointer"] for each in by_program]) == ({"mobile"}, ["/mobile"])
    assert (faulty.status, normal("帳號已經存在，請重設其他帳號") in faulty.text) == (422, False)
    assert (sent.status, normal("帳號已經存在，請重設其他帳號") in sent.text) == (409, True)
