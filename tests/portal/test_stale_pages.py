"""Stale pages keep a person's input and never act as another person."""

import pytest

from tests.support.actors.people import Person
from tests.support.actors.profile_changes import request_email_change
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

_STALE = "頁面閒置過久,或已在其他視窗登入、登出。請確認內容後再送出一次"
_ENDED = "登入已逾時或已登出"


def _people(portal: System) -> tuple[Person, Person]:
    """Return two people who have accepted the consents."""
    people = portal.person(name="陳小美"), portal.person(name="林大華")
    for person in people:
        portal.logged_in(person)
    return people


@pytest.mark.rule("SEC-8")
def test_a_login_form_made_stale_by_another_tab_is_shown_again_without_the_password(
    portal: System, tab: Tab
) -> None:
    first, second = _people(portal)
    tab.expect_status(400).go("/").fill(使用者帳號=first.username, 使用者密碼=first.password)
    tab.new_tab().log_in(second).press_in_menu("登出")

    tab.press("登入")
    shown = tab.dialog_text
    tab.screenshot("login-stale").confirm(_STALE)
    typed = tab.field("使用者帳號").input_value(), tab.field("使用者密碼").input_value()
    tab.fill(使用者密碼=first.password).press("登入")

    assert normalize(_STALE) in shown
    assert typed == (first.username, "")
    assert tab.path == "/home"
    assert "陳小美" in tab.header


def test_a_form_sent_after_another_tab_logged_out_leads_to_the_login_and_back(
    portal: System, tab: Tab
) -> None:
    person, _ = _people(portal)
    # 401: the stale page checks the session before it submits its form.
    tab.expect_status(400, 401).log_in(person).go("/profile").fill(姓名="陳大美")
    tab.new_tab().go("/home").press_in_menu("登出")

    tab.press("儲存").confirm("確定要儲存資料??")
    landed = tab.path, tab.heading
    tab.confirm("請重新登入").submit_login(person)

    assert landed == ("/", normalize("通行證系統登入作業"))
    assert portal.rows("SELECT name FROM accounts WHERE username = :u", u=person.username)[0].name == "陳小美"


def test_a_form_is_not_sent_as_another_person_who_logged_in_in_another_tab(portal: System, tab: Tab) -> None:
    first, second = _people(portal)
    tab.expect_status(400, 412).log_in(first).go("/profile").fill(姓名="陳大美")
    tab.new_tab().go("/home").press_in_menu("登出").log_in(second)

    tab.press("儲存").confirm("確定要儲存資料??")
    shown, header = tab.dialog_text, tab.header
    tab.confirm("請確認內容後再送出一次")
    tab.press("儲存").confirm("確定要儲存資料??")

    assert normalize(_STALE) in shown
    assert "林大華" in header
    assert normalize("您填寫的陳大美目前儲存的林大華") in tab.text
    assert {row.name for row in portal.rows("SELECT name FROM accounts")} == {"陳小美", "林大華"}


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_a_session_that_ends_while_a_form_is_filled_in_leads_to_the_login_and_back(
    portal: System, tab: Tab
) -> None:
    person, _ = _people(portal)
    tab.expect_status(401).log_in(person).go("/profile").fill(姓名="陳大美")
    portal.clock.advance(minutes=31)

    tab.press("儲存").confirm("確定要儲存資料??")
    shown = tab.dialog_text
    tab.screenshot("login-ended").confirm(_ENDED).submit_login(person)

    assert normalize(f"{_ENDED},剛才的內容尚未儲存") in shown
    assert (tab.path, tab.field("姓名").input_value()) == ("/profile", "陳小美")


def test_a_page_requested_after_the_session_ended_is_shown_after_the_login(portal: System, tab: Tab) -> None:
    person, _ = _people(portal)
    tab.log_in(person)
    portal.clock.advance(minutes=31)

    shown = tab.go("/sessions").dialog_text
    tab.confirm(_ENDED).submit_login(person)

    assert normalize("請重新登入") in shown
    assert tab.path == "/sessions"
    assert not tab.has_dialog


@pytest.mark.rule("PRO-2", "PRO-3")
def test_a_page_left_open_during_a_change_of_mailbox_asks_once_to_log_in_and_check_it(
    portal: System, tab: Tab
) -> None:
    person, _ = _people(portal)
    tab.log_in(person)
    portal.clock.advance(minutes=1)
    email = request_email_change(portal.logged_in(person), person)
    portal.confirm(portal.mail(email, "Email 變更驗證").token)

    tab.go("/profile").screenshot("login-new-mailbox")
    tab.confirm("請重新登入確認 Email 資訊是否正確!!").submit_login(person)
    shown = tab.path, tab.field("Email").input_value()
    portal.clock.advance(minutes=31)

    assert shown == ("/profile", email)
    assert _ENDED in tab.go("/profile").dialog_text


@pytest.mark.rule("PRO-2", "PRO-3")
@pytest.mark.parametrize("switched", [False, True])
def test_a_login_continues_after_the_mailbox_was_verified_and_times_out_like_any_other(
    portal: System, plain_tab: Tab, *, switched: bool
) -> None:
    person = portal.person("link")
    owner = portal.logged_in(person)
    portal.bind_and_verify(owner, portal.person())
    email = request_email_change(owner, person)
    plain_tab.log_in(person)
    if switched:
        plain_tab.press("登入")
    portal.clock.advance(minutes=1)

    plain_tab.open_link(portal.mail(email, "Email 變更驗證")).press("完成新 Email 驗證")
    went_on = plain_tab.go("/home" if switched else "/links").path
    portal.clock.advance(minutes=31)

    assert went_on == ("/home" if switched else "/links")
    assert normalize(_ENDED) in plain_tab.go("/home").text


def test_going_back_after_a_form_was_processed_sends_nothing_again(portal: System, tab: Tab) -> None:
    person, _ = _people(portal)
    tab.log_in(person).go("/profile").fill(姓名="陳大美").press("儲存").confirm("確定要儲存資料??")
    tab.confirm("資料已儲存")

    tab.page.go_back()
    tab.page.reload()

    assert tab.path == "/profile"
    assert not tab.has_dialog
    assert tab.field("姓名").input_value() == "陳大美"
