"""A general account views and ends its binding on the page 帳號被綁定資訊 (UNB-2, UNB-3)."""

import pytest

from tests.support.browser.plain_browser import AccountPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

UNBIND = "/profile/binding/end"


@pytest.mark.rule("UNB-3")
def test_the_page_of_an_unbound_account_reports_no_binding(system: System) -> None:
    page = AccountPage(system.logged_in(system.person()))

    assert normalize("帳號被綁定資訊未被綁定") in page.text
    assert UNBIND not in page.forms


@pytest.mark.rule("UNB-3")
@pytest.mark.parametrize(("verified", "state"), [(True, "已綁定並驗證"), (False, "已綁定未驗證")])
def test_the_page_of_a_bound_account_shows_the_link_account_and_the_date(
    system: System, *, verified: bool, state: str
) -> None:
    general, holder = system.person(), system.person("link", name="孫小美", company={"name": "孫小美商社"})
    asked_at = system.clock.now()
    (system.bind_and_verify if verified else system.bind)(system.logged_in(holder), general)

    page = AccountPage(system.logged_in(general))

    in_taiwan = f"{asked_at.hour + 8:02}" if asked_at.hour < 16 else f"{asked_at.hour - 16:02}"
    assert normalize(f"帳號被綁定資訊{state}") in page.text
    assert normalize(f"鏈結帳號{holder.username}鏈結帳號使用者孫小美鏈結帳號公司名稱孫小美商社") in page.text
    assert f"{in_taiwan}:{asked_at.minute:02}" in page.text
    assert (normalize("通過驗證時間") in page.text) is verified


@pytest.mark.rule("UNB-3", "BIND-8")
def test_a_lapsed_binding_is_not_shown(system: System) -> None:
    general = system.person()
    system.bind(system.logged_in(system.person("link")), general)

    system.clock.advance(days=7)
    page = AccountPage(system.logged_in(general))

    assert normalize("帳號被綁定資訊未被綁定") in page.text


@pytest.mark.rule("UNB-3")
def test_a_link_accounts_page_has_no_binding_section(system: System) -> None:
    page = AccountPage(system.logged_in(system.person("link")))

    assert normalize("鏈結帳號資料修改") in page.text
    assert normalize("帳號被綁定資訊") not in page.text


@pytest.mark.rule("UNB-2", "UNB-5")
@pytest.mark.parametrize("verified", [True, False])
def test_a_general_account_ends_its_binding_and_can_be_bound_again(system: System, *, verified: bool) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    (system.bind_and_verify if verified else system.bind)(link, general)
    page = AccountPage(system.logged_in(general))
    told_before = page.text

    answer = page.send(UNBIND)

    assert normalize("確定要解除綁定??") in told_before
    assert (answer.status_code, normalize("帳號解除綁定成功!!") in page.text) == (303, True)
    assert normalize("帳號被綁定資訊未被綁定") in page.text
    assert link.get("/bindings").json()["items"][0]["removed_reason"] == "general"
    system.clock.advance(minutes=1)
    assert link.post("/bindings", {"username": general.username, "password": general.password}).is_success


@pytest.mark.rule("UNB-2")
def test_ending_an_already_ended_binding_is_reported(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    page = AccountPage(system.logged_in(general))
    link.delete(f"/bindings/{binding}")

    page.send(UNBIND)

    assert normalize("此帳號目前未被綁定") in page.text
    assert normalize("帳號解除綁定成功") not in page.text


@pytest.mark.rule("UNB-2")
def test_a_link_account_cannot_end_a_binding_on_this_page(system: System) -> None:
    visitor = system.logged_in(system.person("link"))
    page = AccountPage(visitor)
    csrf = page.forms["/profile"]["csrf_token"]

    answer = visitor.http.post(UNBIND, data={"csrf_token": csrf})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/links")
