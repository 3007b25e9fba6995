"""The pages of 忘記密碼: the request for the mail, and the page of its link (LOGIN-8)."""

import pytest

from tests.support.actors.people import Person
from tests.support.browser.plain_browser import Page, PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


def opened(system: System, person: Person) -> Page:
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    return PlainBrowser(system.visitor()).open(system.mail(person.email, "密碼重設").link)


@pytest.mark.rule("LOGIN-8", "REG-10")
def test_the_page_asks_for_the_password_twice_and_opening_it_changes_nothing(system: System) -> None:
    person = system.person()
    page = opened(system, person)

    untouched = system.visitor().log_in(person)
    unequal = page.press(password=NEW, password_again=f"{NEW}x")
    weak = page.press(password="short", password_again="short")
    done = page.press(password=NEW, password_again=NEW)

    assert (page.status, untouched.status_code) == (200, 201)
    assert (unequal.status, normalize("兩次輸入的密碼不一致") in unequal.text) == (422, True)
    assert (weak.status, normalize("密碼至少需") in weak.text) == (422, True)
    assert (done.status, normalize("密碼重設成功") in done.text, done.links) == (200, True, ["/"])
    assert system.visitor().log_in(person, password=NEW).status_code == 201


@pytest.mark.rule("LOGIN-8", "SEC-8")
def test_the_page_refuses_a_form_without_its_csrf_token(system: System) -> None:
    person = system.person()
    page = opened(system, person)

    refused = page.press(csrf_token="", password=NEW, password_again=NEW)

    assert refused.status == 400
    assert system.visitor().log_in(person).status_code == 201


@pytest.mark.rule("LOGIN-8")
def test_the_answer_is_the_same_whether_account_and_email_match_or_not(system: System) -> None:
    person, other = system.person(), system.person()
    requests = [
        (person.username, person.email),
        (person.username, other.email),
        ("nobody-of-all", person.email),
    ]

    pages = [
        PlainBrowser(system.visitor()).open("/password/forgotten").press(username=username, email=email)
        for username, email in requests
    ]
    system.wait_for_mails()

    assert {(page.status, page.answer.url.path) for page in pages} == {(200, "/password/forgotten/sent")}
    assert len({page.text for page in pages}) == 1
    assert normalize("若帳號與 Email 相符，重設密碼的連結已寄出") in pages[0].text
    assert system.mailbox.count(person.email, "密碼重設") == 1


@pytest.mark.rule("LOGIN-8", "SEC-6")
def test_requests_over_the_limit_get_the_same_answer(system: System) -> None:
    person = system.person()
    form = PlainBrowser(system.visitor()).open("/password/forgotten")

    pages = [form.press(username=person.username, email=person.email) for _ in range(3)]
    system.wait_for_mails()

    assert len({(page.status, page.text) for page in pages}) == 1
    assert system.mailbox.count(person.email, "密碼重設") == 1


@pytest.mark.rule("LOGIN-8", "REG-11")
def test_wrong_fields_are_marked_and_the_input_is_kept(system: System) -> None:
    page = PlainBrowser(system.visitor()).open("/password/forgotten")

    refused = page.press(username="", email="nobody")

    assert (refused.status, refused.fields["email"]) == (422, "nobody")
    assert normalize("此欄位為必填") in refused.text
    assert normalize("Email 格式不正確") in refused.text


@pytest.mark.rule("LOGIN-8", "SEC-4", "VER-4")
def test_expired_and_superseded_links_show_the_next_step(system: System) -> None:
    person = system.person()
    superseded = opened(system, person)
    system.clock.advance(seconds=60)
    system.mailbox.clear()
    expired = opened(system, person)

    pages = {"superseded": superseded.reload()}
    system.clock.advance(hours=1)
    pages["expired"] = expired.reload()

    assert {page.status for page in pages.values()} == {410}
    assert all("/password/forgotten" in page.links for page in pages.values())
    assert normalize("請使用最新一封信件中的連結") in pages["superseded"].text
    assert normalize("連結已失效，請重新申請重設密碼") in pages["expired"].text


@pytest.mark.rule("LOGIN-8", "SEC-4")
def test_the_page_of_a_used_link_reports_that_the_password_is_set(system: System) -> None:
    person = system.person()
    page = opened(system, person)
    page.press(password=NEW, password_again=NEW)

    opened_again, sent_again = page.reload(), page.press(password=f"{NEW}x", password_again=f"{NEW}x")

    for refused in (opened_again, sent_again):
        assert (refused.status, normalize("密碼已重設，請以新密碼登入") in refused.text) == (410, True)
    assert system.visitor().log_in(person, password=NEW).status_code == 201


@pytest.mark.rule("LOGIN-8", "SEC-3")
def test_a_browser_that_reset_the_password_is_known_although_strangers_lock_the_account(
    system: System,
) -> None:
    person = system.person()
    page = opened(system, person)
    page.press(password=NEW, password_again=NEW)
    for _ in range(6):
        system.visitor().log_in(person, password="Wrong-Crane-88!")

    login = page.browser.open("/").press(username=person.username, password=NEW)

    assert system.visitor().log_in(person, password=NEW).status_code == 429
    assert login.status == 200


@pytest.mark.rule("LOGIN-8", "SEC-2", "REG-11")
def test_all_errors_of_a_new_password_are_shown_at_once_and_former_passwords_are_refused(
    system: System,
) -> None:
    person = system.person()
    page = opened(system, person)

    wrong = page.press(password="Qwerty1", password_again="other")
    former = page.press(password=person.password, password_again=person.password)

    assert (wrong.status, former.status) == (422, 422)
    for reason in ("密碼至少需 12 個字元", "依順序排列的字元", "兩次輸入的密碼不一致"):
        assert normalize(reason) in wrong.text
    assert normalize("不可使用最近三次用過的密碼") in former.text
    assert "Qwerty1" not in wrong.answer.text


@pytest.mark.rule("LOGIN-8", "REG-11", "SEC-2")
def test_a_new_password_is_checked_while_typing_against_personal_terms(system: System) -> None:
    person = system.person()
    page = opened(system, person)
    typed = {**page.fields, "password": f"Xq7-{person.username}-Zw", "password_again": ""}

    errors = page.browser.post("/password/reset/check", typed).answer.json()
    stranger = page.browser.post("/password/reset/check", {**typed, "token": "damaged"}).answer.json()

    assert errors["errors"]["password"] == ["密碼不可含帳號、姓名、手機、Email 或公司資料"]
    assert set(errors["errors"]) == {"password", "password_again"}
    assert "password" not in stranger["errors"]
