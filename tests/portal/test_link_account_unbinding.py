"""Unbinding as the link account, and rows of bindings that ended otherwise (UNB-1, UNB-4)."""

from typing import get_args

import pytest
from identity.domain.binding import RemovedReason
from identity.http.zh_tw.portal import REMOVED
from playwright.sync_api import expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System


@pytest.mark.rule("UNB-1")
@pytest.mark.parametrize("state", ["verified", "unverified"])
def test_the_link_account_ends_a_binding_after_a_question(
    portal: System, tab: Tab, holder: Person, general: Person, state: str
) -> None:
    link = portal.logged_in(holder)
    (portal.bind_and_verify if state == "verified" else portal.bind)(link, general)
    question = f"請確認解除綁定帳號為：【{general.username}】！！"
    tab.log_in(holder)

    tab.press("解除帳號").expect_text(question).screenshot(f"links-end-{state}").press("取消")
    status = link.get("/bindings").json()["items"][0]["status"]
    tab.press("解除帳號").confirm(question).confirm(f"已解除綁定：【{general.username}】")

    assert status == state
    assert normalize("尚未綁定任何一般帳號") in tab.text
    assert link.get("/bindings").json()["items"] == []


@pytest.mark.rule("UNB-1")
def test_after_an_unbinding_the_remaining_row_stays_closed_and_the_list_has_the_focus(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    link, remaining = portal.logged_in(holder), portal.person()
    for one in (general, remaining):
        portal.bind_and_verify(link, one)

    tab.log_in(holder).choose(general.username).press("解除帳號").confirm("請確認解除綁定帳號為")
    tab.confirm(f"已解除綁定：【{general.username}】（王小花的有限公司）。")

    expect(tab.page.locator("#list-title")).to_be_focused()
    assert tab.page.locator("#chosen").count() == 0
    tab.choose(remaining.username).expect_text("※已通過驗證！！")


@pytest.mark.rule("UNB-4")
def test_a_binding_ended_by_the_general_account_is_marked_until_it_is_dismissed(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind_and_verify(portal.logged_in(holder), general)
    portal.logged_in(general).delete("/account/binding")

    tab.log_in(holder).screenshot("links-removed")
    shown = tab.text
    tab.go("/links?q=王小花").expect_text("找到 0 家（共 0 家），另有 1 家已被解除")
    tab.go("/links").press("從清單移除").screenshot("links-dismissed")
    tab.confirm(f"已從清單移除：【{general.username}】（王小花的有限公司）。")

    assert normalize("共 0 家，另有 1 家已被解除") in shown
    assert normalize("該帳號的使用者已自行解除綁定") in shown
    assert normalize("距上一封驗證碼信件須滿60秒") in shown
    assert "example.com" not in shown
    assert normalize("尚未綁定任何一般帳號") in tab.text


@pytest.mark.rule("BIND-5", "UNB-4")
def test_a_lapsed_binding_shows_the_reason(portal: System, tab: Tab, holder: Person, general: Person) -> None:
    portal.bind(portal.logged_in(holder), general)
    portal.clock.advance(days=7)

    tab.log_in(holder).expect_text("逾 7 日未完成驗證，綁定已自動失效").press("從清單移除")
    tab.confirm("已從清單移除")

    assert portal.logged_in(holder).get("/bindings").json()["items"] == []


@pytest.mark.rule("UNB-4")
@pytest.mark.parametrize("pressed", ["驗證", "解除帳號"])
def test_a_stale_unbinding_page_leads_to_the_row(
    portal: System, tab: Tab, holder: Person, general: Person, pressed: str
) -> None:
    portal.bind(portal.logged_in(holder), general)
    tab.log_in(holder).fill(請輸入6位數字驗證碼=portal.mail(general.email, "驗證碼").code)
    portal.logged_in(general).delete("/account/binding")

    tab.press(pressed)

    if pressed == "驗證":
        tab.confirm("此綁定已解除或已失效，請重新查看綁定帳號清單").expect_text(
            "該帳號的使用者已自行解除綁定"
        )
    else:
        tab.confirm("請確認解除綁定帳號為").expect_text("尚未綁定任何一般帳號")


@pytest.mark.rule("UNB-4")
def test_every_removal_reason_has_a_text() -> None:
    reasons = set(get_args(RemovedReason))

    assert set(REMOVED) == reasons
