"""帳號被綁定資訊 on a general account's page, and ending the binding there (UNB-2, UNB-3)."""

import pytest

from tests.support.browser.profile_page import OwnPage
from tests.support.browser.text import normal
from tests.support.harness.system import System

UNBIND = "/profile/binding/end"


@pytest.mark.rule("UNB-3")
def test_one_who_is_not_bound_is_told_so(system: System) -> None:
    page = OwnPage(system.logged_in(system.person()))

    assert normal("帳號被綁定資訊未被綁定") in page.text
    assert UNBIND not in page.forms


@pytest.mark.rule("UNB-3")
@pytest.mark.parametrize(("verified", "state"), [(True, "已綁定並驗證"), (False, "已綁定未驗證")])
def test_one_who_is_bound_is_told_by_whom_and_since_when(
    system: System, *, verified: bool, state: str
) -> None:
    general, holder = system.person(), system.person("link", name="孫小美", company={"name": "孫小美商社"})
    asked_at = system.clock.now()
    (system.bound if verified else system.bind)(system.logged_in(holder), general)

    page = OwnPage(system.logged_in(general))

    in_taiwan = f"{asked_at.hour + 8:02}" if asked_at.hour < 16 else f"{asked_at.hour - 16:02}"
    assert normal(f"帳號被綁定資訊{state}") in page.text
    assert normal(f"鏈結帳號{holder.username}鏈結帳號使用者孫小美鏈結帳號公司名稱孫小美商社") in page.text
    assert f"{in_taiwan}:{asked_at.minute:02}" in page.text
    assert (normal("通過驗證時間") in page.text) is verified


@pytest.mark.rule("UNB-3", "BIND-8")
def test_a_binding_that_lapsed_is_none(system: System) -> None:
    general = system.person()
    system.bind(system.logged_in(system.person("link")), general)

    system.clock.advance(days=7)
    page = OwnPage(system.logged_in(general))

    assert normal("帳號被綁定資訊未被綁定") in page.text


@pytest.mark.rule("UNB-3")
def test_a_link_accounts_page_has_no_such_part(system: System) -> None:
    page = OwnPage(system.logged_in(system.person("link")))

    assert normal("鏈結帳號資料修改") in page.text
    assert normal("帳號被綁定資訊") not in page.text


@pytest.mark.rule("UNB-2", "UNB-5")
@pytest.mark.parametrize("verified", [True, False])
def test_the_own_side_ends_a_binding_and_can_be_bound_again_by_a_new_code(
    system: System, *, verified: bool
) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    (system.bound if verified else system.bind)(link, general)
    page = OwnPage(system.logged_in(general))
    told_before = page.text

    answer = page.send(UNBIND)

    assert normal("確定要解除綁定??") in told_before
    assert (answer.status_code, normal("帳號解除綁定成功!!") in page.text) == (303, True)
    assert normal("帳號被綁定資訊未被綁定") in page.text
    assert link.get("/bindings").json()["items"][0]["removed_reason"] == "general"
    system.clock.advance(minutes=1)
    assert link.post("/bindings", {"username": general.username, "password": general.password}).is_success


@pytest.mark.rule("UNB-2")
def test_who_presses_after_the_other_side_has_ended_it_is_told_that_there_is_none(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding = system.bound(link, general)
    page = OwnPage(system.logged_in(general))
    link.delete(f"/bindings/{binding}")

    page.send(UNBIND)

    assert normal("此帳號目前未被綁定") in page.text
    assert normal("帳號解除綁定成功") not in page.text


@pytest.mark.rule("UNB-2")
def test_a_link_account_has_nothing_to_end_here(system: System) -> None:
    visitor = system.logged_in(system.person("link"))
    page = OwnPage(visitor)
    csrf = page.forms["/profile"]["csrf_token"]

    answer = visitor.http.post(UNBIND, data={"csrf_token": csrf})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/links")
