"""Links to external pages, each with its own setting: banner, menu, pass functions (LOGIN-5)."""

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.browser.html_page import HtmlPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

BANNER = normalize("通行證資訊網/FAQ:提供通行證申請與操作常見問題與解答,歡迎多加參考利用。")
ELSEWHERE = {
    "IDENTITY_INFORMATION_URL": "https://info.example.tw/",
    "IDENTITY_MANUAL_URL": "https://info.example.tw/manual.pdf",
    "IDENTITY_QUESTIONS_URL": "https://info.example.tw/faq?a=1&b=2",
    "IDENTITY_PASS_APPLY_URL": "https://pass.example.tw/apply",
    "IDENTITY_PASS_QUERY_URL": "https://pass.example.tw/query",
    "IDENTITY_PASS_PRINT_URL": "https://pass.example.tw/print",
}
INFORMATION = {
    "通行證資訊網": ELSEWHERE["IDENTITY_INFORMATION_URL"],
    "通行證操作手冊": ELSEWHERE["IDENTITY_MANUAL_URL"],
    "申請常見問題與解答": ELSEWHERE["IDENTITY_QUESTIONS_URL"],
}
PASSES = {
    "申請通行證": ELSEWHERE["IDENTITY_PASS_APPLY_URL"],
    "查詢申請進度": ELSEWHERE["IDENTITY_PASS_QUERY_URL"],
    "列印通行證": ELSEWHERE["IDENTITY_PASS_PRINT_URL"],
}


def _elsewhere(visitor: Visitor, path: str) -> list[tuple[str, str]]:
    if visitor.token:
        visitor.http.cookies.set("session", visitor.token)
    links = HtmlPage(visitor.http.get(path).text).links
    return [(normalize(link.text), link.href) for link in links if link.href.startswith("http")]


def _led(found: list[tuple[str, str]], expected: dict[str, str]) -> bool:
    return all(
        any(words.startswith(normalize(name)) and at == address for words, at in found)
        for name, address in expected.items()
    )


@pytest.mark.rule("LOGIN-5", "SW-1")
def test_configured_links_are_in_banner_menu_and_a_general_accounts_home(
    start_system: StartSystem,
) -> None:
    system = start_system(**ELSEWHERE)
    general = system.logged_in(system.person())

    home, profile = _elsewhere(general, "/home"), _elsewhere(general, "/profile")

    assert (BANNER, ELSEWHERE["IDENTITY_INFORMATION_URL"]) in home
    assert (BANNER, ELSEWHERE["IDENTITY_INFORMATION_URL"]) in profile
    assert _led(home, INFORMATION | PASSES)
    assert _led(profile, INFORMATION)
    assert not _led(profile, PASSES)


@pytest.mark.rule("LOGIN-5", "SW-2")
def test_a_link_account_sees_the_information_link_and_no_pass_function(start_system: StartSystem) -> None:
    system = start_system(**ELSEWHERE)

    found = _elsewhere(system.logged_in(system.person("link")), "/profile")

    assert _led(found, INFORMATION)
    assert not any(address in PASSES.values() for _, address in found)


def test_visitors_who_are_not_logged_in_see_the_information_link(start_system: StartSystem) -> None:
    system = start_system(**ELSEWHERE)

    assert _led(_elsewhere(system.visitor(), "/"), INFORMATION)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_each_link_is_shown_only_by_its_own_setting(start_system: StartSystem, name: str) -> None:
    system = start_system(**{name: ELSEWHERE[name]})
    general = system.logged_in(system.person())

    assert {address for _, address in _elsewhere(general, "/home")} == {ELSEWHERE[name]}


def test_unconfigured_links_are_not_shown(system: System) -> None:
    person: Person = system.person()

    assert _elsewhere(system.logged_in(person), "/home") == []
    assert _elsewhere(system.visitor(), "/") == []
