"""The page 修改密碼: access to the page, and discovery by password managers (PRO-4, SW-4)."""

import httpx
import pytest

from tests.support.actors.people import PASSWORD, Person, Visitor
from tests.support.browser.plain_browser import Page, PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

NEW = "Another-Crane-88!"
PAGES = ("/profile/password", "/sessions")


def page_of(visitor: Visitor, path: str) -> Page:
    """Open a page with the session of the API login."""
    visitor.http.cookies.set("session", visitor.token or "")
    return PlainBrowser(visitor).open(path)


def opened(system: System, person: Person) -> Page:
    return page_of(system.logged_in(person), "/profile/password")


def get_page(system: System, path: str) -> httpx.Response:
    """GET without following redirects."""
    return system.visitor().http.get(path)


@pytest.mark.rule("PRO-4")
def test_the_well_known_url_redirects_password_managers_to_the_page(system: System) -> None:
    answer = get_page(system, "/.well-known/change-password")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile/password")


@pytest.mark.rule("PRO-4", "LOGIN-6")
@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_the_page_leads_to_the_login_and_back(system: System, path: str) -> None:
    person = system.person()
    system.logged_in(person)
    login = PlainBrowser(system.visitor()).open(path)

    page = login.press(username=person.username, password=person.password)

    assert (login.answer.url.path, page.answer.url.path) == ("/", path)


@pytest.mark.rule("SW-4", "PRO-4", "LOGIN-7")
@pytest.mark.parametrize("path", PAGES)
def test_a_switched_session_sees_neither_the_password_form_nor_the_sessions(
    system: System, path: str
) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    link.switch(system.bind_and_verify(link, general))

    page = page_of(link, path)

    assert (page.status, normalize("切換登入期間無法進行此操作") in page.text) == (403, True)


@pytest.mark.rule("SW-4", "PRO-4")
def test_a_switched_session_cannot_submit_an_older_password_form(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding_id = system.bind_and_verify(link, general)
    page = page_of(link, "/profile/password")
    link.switch(binding_id)
    link.http.cookies.set("session", link.token or "")

    refused = page.press(current=PASSWORD, password=NEW, password_again=NEW)

    assert refused.status == 403
    assert system.visitor().log_in(general).status_code == 201


@pytest.mark.rule("PRO-4", "SEC-8")
@pytest.mark.parametrize(("site", "status"), [("same-origin", 400), ("cross-site", 403)])
def test_no_password_is_changed_without_the_forms_csrf_token(system: System, site: str, status: int) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    page = page_of(visitor, "/profile/password")
    visitor.http.headers["Sec-Fetch-Site"] = site

    refused = page.press(csrf_token="", current=PASSWORD, password=NEW, password_again=NEW)

    assert (refused.status, NEW in refused.answer.text) == (status, False)
    assert system.visitor().log_in(person).status_code == 201


@pytest.mark.rule("PRO-4", "SEC-2", "REG-11")
def test_the_check_of_a_new_password_does_not_test_the_current_password(system: System) -> None:
    page = opened(system, system.person())
    typed = {**page.fields, "current": "Wrong-Crane-88!", "password": "Passw0rd-Passw0rd"}

    errors = [page.browser.post("/profile/password/check", typed) for _ in range(7)][-1].answer.json()
    done = page.press(current=PASSWORD, password=NEW, password_again=NEW)

    assert errors["errors"] == {
        "password": ["密碼太常見或太容易猜到（例如地名或公司名稱加上年份），請改用較少見的字詞組合"],
        "password_again": ["此欄位為必填"],
    }
    assert (done.status, normalize("密碼修改成功") in done.text) == (200, True)
