"""Entering and requesting bind codes on the page 鏈結帳號管理與登入 (BIND-5, BIND-6; manual, binding steps 7 to 10)."""

from datetime import timedelta

import pytest

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

SENT_AGAIN = "「鏈結帳號綁定驗證碼通知」已重新發送到被綁定帳號的 Email信箱！"
DONE = "帳號綁定驗證成功！！"
CODE = "請輸入6位數字驗證碼"


def code_of(portal: System, general: Person, *, count: int = 1) -> str:
    return portal.mail(general.email, "驗證碼", count=count).code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.rule("BIND-6")
def test_a_code_with_full_width_digits_or_spaces_is_accepted(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    code = code_of(portal, general)
    typed = " ".join(chr(ord(digit) + 0xFEE0) for digit in code)

    tab.log_in(holder).fill({CODE: typed}).press("驗證").confirm(DONE)


@pytest.mark.rule("BIND-6")
def test_a_wrong_code_shows_the_remaining_tries_at_the_field(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    bad = wrong(code_of(portal, general))
    tab.expect_status(400).log_in(holder)

    requested = (portal.clock.now() + timedelta(hours=8)).strftime("%Y/%m/%d")
    tab.expect_text(f"系統已於 {requested}")
    tab.fill({CODE: bad}).press("驗證").expect_text("驗證碼錯誤，還可再試 4 次").screenshot("links-wrong")
    tab.expect_text(f"請輸入最新一封信件（{requested}")
    entry = tab.page.locator("nav.side [aria-current=page]").text_content()
    described = str(tab.field(CODE).get_attribute("aria-describedby"))
    shown = [tab.field(CODE).evaluate("one => document.activeElement === one"), tab.field(CODE).input_value()]
    for _ in range(4):
        tab.fill({CODE: bad}).press("驗證")

    assert shown == [True, bad]
    assert entry == "鏈結帳號管理與登入"
    assert described.endswith("-error")
    tab.expect_text("驗證碼錯誤次數已達上限，請按【補發驗證信】重新取得驗證碼").screenshot("links-spent")
    assert tab.field(CODE).count() == 0


@pytest.mark.rule("BIND-5", "BIND-6")
@pytest.mark.parametrize("typed", ["", "12345", "abcdef"])
def test_a_malformed_code_is_marked_at_the_field_and_uses_no_try(
    portal: System, plain_tab: Tab, holder: Person, general: Person, typed: str
) -> None:
    portal.bind(portal.logged_in(holder), general)

    plain_tab.expect_status(422).log_in(holder).fill({CODE: typed}).press("驗證")

    assert (plain_tab.status, plain_tab.field(CODE).get_attribute("aria-invalid")) == (422, "true")
    assert [row.tries for row in portal.rows("SELECT tries FROM bind_codes")] == [0]


@pytest.mark.rule("BIND-6")
def test_an_expired_code_is_reported_with_an_offer_of_a_new_code(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    old = code_of(portal, general)
    portal.clock.advance(hours=24)

    tab.log_in(holder).expect_text("驗證碼已失效，請按【補發驗證信】重新取得驗證碼").screenshot(
        "links-expired"
    )
    tab.press("補發驗證信").expect_text(SENT_AGAIN).confirm("請聯繫帳號使用者取得新的「驗證碼」。")
    new = code_of(portal, general, count=2)

    assert new != old
    tab.fill({CODE: new}).press("驗證").confirm(DONE)


@pytest.mark.rule("BIND-5", "BIND-6")
def test_the_page_counts_down_until_another_code_can_be_requested(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    tab.log_in(holder)
    waiting, shown = tab.control("補發驗證信").is_disabled(), tab.text

    portal.clock.advance(seconds=61)
    tab.page.reload()
    tab.press("補發驗證信").confirm(SENT_AGAIN)

    assert (waiting, normalize("可補發驗證信") in shown) == (True, True)
    assert tab.control("補發驗證信").is_disabled()


@pytest.mark.rule("BIND-6")
def test_requesting_a_code_in_a_second_tab_is_refused_with_the_wait(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    portal.clock.advance(seconds=61)
    second = tab.log_in(holder).new_tab().go("/links")
    tab.press("補發驗證信")

    second.press("補發驗證信").confirm("郵件寄送過於頻繁，請於 60 秒後再試")
