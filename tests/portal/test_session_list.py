"""登入中的裝置: the list of open sessions, and ending them (LOGIN-7)."""

import pytest
from playwright.sync_api import Locator

from tests.support.actors.grants import add_oidc_client, open_grant_with_token
from tests.support.actors.people import Person, Visitor
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def elsewhere(system: System, person: Person, agent: str = FIREFOX) -> Visitor:
    """Log in from another browser."""
    visitor = system.visitor()
    visitor.http.headers["User-Agent"] = agent
    visitor.log_in(person)
    return visitor


def line(tab: Tab, words: str) -> Locator:
    """Return the row of the session that contains the text."""
    return tab.page.locator(".devices tbody tr").filter(has_text=words)


def end(tab: Tab, words: str, question: str) -> Tab:
    """Press 【登出】 in a row, and confirm."""
    line(tab, words).locator(".devices__act > form > button").click()
    return tab.confirm(question)


@pytest.mark.rule("LOGIN-7")
def test_each_session_shows_browser_client_address_and_times_in_taiwan(portal: System, tab: Tab) -> None:
    person = portal.person()
    elsewhere(portal, person)
    began = portal.clock.now()
    portal.clock.advance(minutes=10)

    tab.log_in(person).go("/sessions").screenshot("sessions")
    there, here = line(tab, "Firefox（Linux）"), line(tab, "目前使用中")

    words = normalize(there.inner_text())
    hour = (began.hour + 8) % 24
    assert f"{hour:02}:{began:%M}" in words
    assert "127.0.0.1" in words
    assert normalize("Chrome（Linux）") in normalize(here.inner_text())
    assert line(tab, "").count() == 2


@pytest.mark.rule("LOGIN-7")
def test_one_session_is_ended_after_a_question(portal: System, tab: Tab) -> None:
    person = portal.person()
    other = elsewhere(portal, person)
    tab.log_in(person).go("/sessions")

    end(tab, "Firefox", "確定要登出這個裝置？")

    assert normalize("已登出該裝置") in tab.dialog_text
    tab.press("確定").screenshot("sessions-alone")
    assert other.get("/session").status_code == 401
    assert line(tab, "").count() == 1


@pytest.mark.rule("LOGIN-7")
def test_ending_an_already_ended_session_is_no_error(portal: System, tab: Tab) -> None:
    person = portal.person()
    other = elsewhere(portal, person)
    tab.log_in(person).go("/sessions")
    other.delete("/session")

    end(tab, "Firefox", "確定要登出這個裝置？")

    assert (tab.status, normalize("該裝置先前已登出") in tab.dialog_text) == (200, True)


@pytest.mark.rule("LOGIN-7")
def test_the_question_can_be_declined(portal: System, tab: Tab) -> None:
    person = portal.person()
    other = elsewhere(portal, person)
    tab.log_in(person).go("/sessions")

    line(tab, "Firefox").locator(".devices__act > form > button").click()
    tab.screenshot("sessions-question").press("取消")

    assert not tab.has_dialog
    assert other.get("/session").status_code == 200


@pytest.mark.rule("LOGIN-7")
def test_all_sessions_except_the_current_are_ended(portal: System, tab: Tab) -> None:
    person = portal.person()
    others = [elsewhere(portal, person) for _ in range(2)]
    tab.log_in(person).go("/sessions")

    tab.press("登出其他所有裝置").screenshot("sessions-question-all").confirm("確定要登出其他所有裝置？")

    assert normalize("其他裝置皆已登出") in tab.dialog_text
    assert [other.get("/session").status_code for other in others] == [401, 401]
    assert tab.press("確定").go("/home").path == "/home"


@pytest.mark.rule("LOGIN-7", "LOGIN-6")
def test_ending_the_current_session_logs_out(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person()).go("/sessions")

    end(tab, "目前使用中", "確定要登出這個裝置？")

    assert (tab.path, tab.go("/home").path) == ("/", "/")


@pytest.mark.rule("LOGIN-7", "SW-4")
def test_a_switched_session_is_marked_in_the_link_accounts_list(portal: System, tab: Tab) -> None:
    link, general = portal.person("link"), portal.person()
    acting = portal.logged_in(link)
    acting.switch(portal.bind_and_verify(acting, general))

    tab.log_in(link).go("/sessions").screenshot("sessions-switched")

    assert line(tab, "切換登入中").count() == 1


@pytest.mark.rule("LOGIN-7", "SEC-8")
def test_an_ended_session_leads_to_the_login(portal: System, tab: Tab) -> None:
    person = portal.person()
    tab.log_in(person).go("/sessions")
    portal.logged_in(person).delete("/sessions")

    tab.page.reload()

    assert tab.path == "/"
    assert normalize("請重新登入") in tab.dialog_text


@pytest.mark.rule("LOGIN-7")
def test_sessions_are_ended_without_script(portal: System, plain_tab: Tab) -> None:
    person = portal.person()
    other = elsewhere(portal, person)
    plain_tab.log_in(person).go("/sessions").screenshot("sessions")

    plain_tab.press("登出其他所有裝置").confirm("確定要登出其他所有裝置？")

    assert other.get("/session").status_code == 401


def service_line(tab: Tab, words: str) -> Locator:
    """Return the row of the service that contains the text."""
    return tab.page.locator(".devices__services li").filter(has_text=words)


@pytest.mark.rule("OIDC-24")
def test_each_login_lists_its_services_and_one_of_them_is_ended(portal: System, tab: Tab) -> None:
    link, general = portal.person("link"), portal.person(company={"name": "港生運輸股份有限公司高雄分公司"})
    visitor = elsewhere(portal, link)
    visitor.accept_consents()
    client, binding = add_oidc_client(portal), portal.bind_and_verify(visitor, general)
    acting = open_grant_with_token(portal, client, link, account=general, binding=binding)
    alone = open_grant_with_token(portal, client, link)
    portal.clock.advance(minutes=31)
    tab.log_in(link)
    here = open_grant_with_token(portal, client, link)

    tab.go("/sessions").screenshot("sessions-services")
    service_line(tab, "港生運輸").locator("form > button").click()
    tab.screenshot("sessions-service-question").confirm("確定要登出這項服務？")

    assert normalize("已登出該服務") in tab.dialog_text
    tab.press("確定")
    assert line(tab, "通行證系統已逾時登出").count() == 1
    assert service_line(tab, "不代表公司").count() == 2
    assert [grant.is_active for grant in (acting, alone, here)] == [False, True, True]


@pytest.mark.rule("OIDC-24")
def test_a_service_is_ended_without_script(portal: System, plain_tab: Tab) -> None:
    person = portal.person()
    plain_tab.log_in(person)
    grant = open_grant_with_token(portal, add_oidc_client(portal), person)
    plain_tab.go("/sessions")

    service_line(plain_tab, "通行證系統").locator("form > button").click()
    plain_tab.confirm("確定要登出這項服務？")

    assert (grant.is_active, service_line(plain_tab, "").count()) == (False, 0)
