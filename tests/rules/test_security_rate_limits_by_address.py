"""Password resets and look-ups of names are limited by client address (SEC-3)."""

import pytest
from identity.domain.rate_limits import NAMES_BY_CLIENT_ADDRESS, RESETS_BY_CLIENT_ADDRESS
from identity.domain.session import ClientInfo

from tests.support.actors.people import Person, registration, unique
from tests.support.actors.registration_form import check_fields, open_form, valid_fields
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

BEHIND_PROXY = {"IDENTITY_TRUSTED_PROXIES": "127.0.0.0/8"}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.8"}


def ask_for_others(system: System, *, times: int) -> set[tuple[int, str]]:
    """Request resets for invented usernames and mailboxes; return the distinct answers."""
    visitor = system.visitor()
    pairs = [(f"nobody{unique()}", f"nobody{unique()}@example.com") for _ in range(times)]
    answers = [visitor.post("/password-resets", {"username": name, "email": email}) for name, email in pairs]
    return {(answer.status_code, answer.text.strip()) for answer in answers}


def request_reset(system: System, person: Person, **headers: str) -> tuple[int, str]:
    body = {"username": person.username, "email": person.email}
    answer = system.visitor().post("/password-resets", body, **headers)
    return answer.status_code, answer.text.strip()


@pytest.mark.rule("LOGIN-8", "SEC-3", "SEC-6")
def test_resets_over_the_limit_of_an_address_are_silently_dropped_and_leave_no_rows(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    within = ask_for_others(system, times=RESETS_BY_CLIENT_ADDRESS.max_count)
    counted = "SELECT count(*) FROM counters"
    rows = system.rows(counted)

    beyond = ask_for_others(system, times=3) | {request_reset(system, person)}
    page = PlainBrowser(system.visitor()).open("/password/forgotten")
    shown = page.press(username=person.username, email=person.email)
    left = system.rows(counted)
    system.wait_for_mails()

    assert beyond == within
    assert (shown.status, shown.answer.url.path) == (200, "/password/forgotten/sent")
    assert (left, system.mailbox.count(person.email, "密碼重設")) == (rows, 0)


@pytest.mark.rule("LOGIN-8", "SEC-3")
def test_the_limit_on_resets_is_per_address_and_lasts_an_hour(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person, other = system.person(), system.person()
    ask_for_others(system, times=RESETS_BY_CLIENT_ADDRESS.max_count)

    request_reset(system, person, **ELSEWHERE)
    system.wait_for_mails()
    system.clock.advance(hours=1)
    request_reset(system, other)
    system.wait_for_mails()

    assert [system.mailbox.count(each.email, "密碼重設") for each in (person, other)] == [1, 1]


@pytest.mark.rule("LOGIN-8", "SEC-3")
def test_page_and_api_share_the_limit_on_resets(system: System) -> None:
    person = system.person()
    browser = PlainBrowser(system.visitor())
    page = browser.open("/password/forgotten")
    for _ in range(RESETS_BY_CLIENT_ADDRESS.max_count):
        page.press(username=f"nobody{unique()}", email="nobody@example.com")

    request_reset(system, person)
    system.wait_for_mails()

    assert system.mailbox.count(person.email, "密碼重設") == 0


@pytest.mark.rule("REG-3", "SEC-3")
def test_over_the_lookup_limit_a_taken_name_is_reported_only_on_submit(
    system: System,
) -> None:
    taken, visitor = system.register(), system.visitor()
    form = open_form(visitor)

    within = {
        str(check_fields(form, visitor, username=taken.username).json()["errors"]["username"])
        for _ in range(NAMES_BY_CLIENT_ADDRESS.max_count)
    }
    beyond = check_fields(form, visitor, **valid_fields(username=taken.username, mobile="1")).json()["errors"]
    by_program = visitor.post("/accounts", registration(username=taken.username, mobile="1")).json()["errors"]
    invalid = form.press(**valid_fields(username=taken.username, mobile="1"))
    sent = form.press(**valid_fields(username=taken.username))

    assert within == {"['帳號已經存在，請重設其他帳號']"}
    assert (set(beyond), [each["pointer"] for each in by_program]) == ({"mobile"}, ["/mobile"])
    assert (invalid.status, normalize("帳號已經存在，請重設其他帳號") in invalid.text) == (422, False)
    assert (sent.status, normalize("帳號已經存在，請重設其他帳號") in sent.text) == (409, True)


@pytest.mark.rule("SEC-3")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_limits_count_ipv6_addresses_by_their_64_bit_prefix(one: str, other: str, *, same: bool) -> None:
    counted = ClientInfo(one).networks[0] == ClientInfo(other).networks[0]

    assert counted is same
