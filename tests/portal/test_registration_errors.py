"""申請帳號: errors are marked while typing and all at once on submit (REG-3, REG-4, REG-10, REG-11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.actors.registration_form import LABELS, by_label, valid_fields
from tests.support.browser.keyboard_tab import KeyboardTab
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System

QUESTION = "確定要送出申請？？"
RIGHT: dict[str, Any] = {"errors": {}, "advice": {}, "suggestions": {}, "values": {}}
OF_THE_PREVIOUS_RELEASE: dict[str, Any] = {"errors": {}, "advice": {}, "values": {}}


def accounts(system: System) -> int:
    return len(system.rows("SELECT 1 FROM accounts"))


@pytest.mark.rule("REG-11")
def test_submitting_marks_every_wrong_field_and_the_summary_links_to_each(tab: Tab) -> None:
    tab.go("/apply/link").press("送出").expect_text("有 10 個欄位需要修正")

    focused = tab.page.locator(":focus").get_attribute("class")
    top = tab.page.locator(".errors").evaluate("one => one.getBoundingClientRect().top")
    marked = tab.page.locator("[aria-invalid=true]").count()
    tab.screenshot("apply-invalid").press("公司地址:此欄位為必填")

    assert (focused, marked, tab.has_dialog) == ("errors", len(LABELS), False)
    assert 0 <= top < 100
    expect(tab.field("公司地址")).to_be_focused()


@pytest.mark.rule("REG-4", "REG-11")
def test_only_the_field_with_a_company_name_is_marked_while_typing(tab: Tab) -> None:
    tab.go("/apply/link").fill(姓名="大明有限公司").expect_text("需填寫人員完整姓名,不可為公司名稱")

    marked = tab.page.locator("[aria-invalid=true]")

    assert (marked.count(), marked.get_attribute("name")) == (1, "name")
    described = str(marked.get_attribute("aria-describedby")).split()[-1]
    assert normalize(tab.page.locator(f"#{described}").inner_text()) == normalize(
        "需填寫人員完整姓名,不可為公司名稱"
    )
    assert tab.page.locator(f"#{described}").get_attribute("aria-live") == "polite"


@pytest.mark.rule("REG-11")
def test_a_corrected_field_loses_its_mark_while_typing(tab: Tab) -> None:
    tab.go("/apply/link").fill(手機電話="1").expect_text("請填寫臺灣手機號碼")

    tab.fill(手機電話="0912345678")

    tab.page.wait_for_selector("[aria-invalid=true]", state="detached")
    assert normalize("請填寫臺灣手機號碼") not in tab.text


@pytest.mark.rule("REG-11")
def test_the_summary_strikes_out_corrected_errors(tab: Tab) -> None:
    fields = by_label(valid_fields(mobile="1", tax_id="1"))
    tab.go("/apply/link").fill(fields).press("送出").expect_text("有 2 個欄位需要修正")
    struck = tab.page.locator(".errors__mended")

    tab.fill(手機電話="0912345678").expect_text("有 1 個欄位需要修正").screenshot("application-mending")
    after_one = struck.all_inner_texts()
    tab.fill(公司統編="04595257").expect_text("已全部修正，請再送出一次")

    assert [normalize(text).partition(":")[0] for text in after_one] == ["手機電話"]
    tab.press("送出").confirm(QUESTION)
    assert tab.path.endswith("/sent")


@pytest.mark.rule("REG-11")
def test_an_emptied_field_is_marked_only_on_submit(tab: Tab) -> None:
    tab.go("/apply/link").fill(手機電話="1").expect_text("請填寫臺灣手機號碼")

    tab.fill(手機電話="")
    tab.page.wait_for_selector("[aria-invalid=true]", state="detached")
    before = tab.text
    tab.press("送出").expect_text("手機電話:此欄位為必填")

    assert normalize("此欄位為必填") not in before


@pytest.mark.rule("REG-11")
def test_a_late_answer_does_not_overwrite_a_newer_answer(tab: Tab) -> None:
    tab.go("/apply/link")
    held: list[Any] = []
    tab.page.route("**/check", lambda route: held.append(route) if not held else route.continue_())

    with tab.page.expect_request("**/check"):
        tab.fill(手機電話="1")
    tab.fill(姓名="大明有限公司").expect_text("不可為公司名稱")
    with tab.page.expect_response("**/check") as late:
        held[0].fulfill(json=RIGHT | {"errors": {"name": ["舊的理由"]}})
    late.value.finished()
    tab.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    assert normalize("舊的理由") not in tab.text
    assert normalize("請填寫臺灣手機號碼") in tab.text


@pytest.mark.rule("REG-3", "REG-11")
def test_a_taken_name_is_marked_while_typing_and_on_submit(portal: System, tab: Tab) -> None:
    taken = portal.register()
    fields = by_label(valid_fields(username=taken.username))

    tab.go("/apply/link").fill(帳號=taken.username).expect_text("帳號已經存在,請重設其他帳號")
    tab.fill(fields).press("送出").expect_text("帳號:帳號已經存在,請重設其他帳號")

    assert (tab.has_dialog, accounts(portal)) == (False, 1)
    tab.screenshot("apply-taken")


@pytest.mark.rule("REG-3")
def test_a_name_taken_before_the_submit_is_marked_and_the_input_is_kept(portal: System, tab: Tab) -> None:
    fields = valid_fields()
    tab.expect_status(409).go("/apply/link").fill(by_label(fields)).press("送出")
    assert tab.dialog_text == normalize(QUESTION)
    portal.register(username=fields["username"])

    tab.confirm(QUESTION).expect_text("帳號:帳號已經存在,請重設其他帳號")

    assert tab.page.locator(":focus").get_attribute("class") == "errors"
    assert tab.field("公司名稱").input_value() == fields["company_name"]
    assert tab.field("密碼").input_value() == ""
    tab.screenshot("apply-taken-meanwhile")


@pytest.mark.rule("REG-11")
@pytest.mark.parametrize(
    "checked", [RIGHT, OF_THE_PREVIOUS_RELEASE], ids=["this release", "previous release"]
)
def test_on_a_returned_form_only_edited_fields_are_checked_while_typing(
    tab: Tab, portal: System, checked: dict[str, Any]
) -> None:
    taken = portal.register()
    tab.expect_status(409).go("/apply/link").page.route("**/check", lambda route: route.fulfill(json=checked))
    tab.fill(by_label(valid_fields(username=taken.username))).press("送出").confirm(QUESTION)
    tab.expect_text("有 1 個欄位需要修正").page.unroute("**/check")

    tab.fill(帳號=f"{taken.username}x")

    tab.page.wait_for_selector("[aria-invalid=true]", state="detached")
    assert normalize("此欄位為必填") not in tab.text


@pytest.mark.rule("REG-11")
def test_a_mark_that_appears_during_a_click_does_not_move_the_button_away(tab: Tab) -> None:
    held: list[Any] = []
    answered: list[Any] = []
    tab.page.clock.install()
    tab.go("/apply/link").page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))  # stops delayed checks
    tab.fill(by_label(valid_fields())).page.route(
        "**/check", lambda route: route.continue_() if answered else held.append(route)
    )
    with tab.page.expect_request("**/check"):
        tab.fill(姓名="大明有限公司")
    tab.control("送出").hover()

    with tab.page.expect_request("**/check") as asked:
        tab.page.mouse.down()
    wait_until(
        lambda: tab.page.evaluate("true") and held[-1].request == asked.value, what="the request of the check"
    )
    answered += held
    for route in answered[:-1]:
        route.fulfill(json=RIGHT)
    with tab.page.expect_response(lambda answer: answer.request == asked.value) as late:
        answered[-1].fulfill(json=RIGHT | {"errors": {"name": ["需填寫人員完整姓名"]}})
    late.value.finished()
    tab.page.evaluate("() => Promise.resolve()")
    during = tab.page.locator("[aria-invalid=true]").count()
    tab.page.mouse.up()
    tab.page.clock.resume()

    tab.expect_text("有 1 個欄位需要修正")
    assert during == 0


@pytest.mark.rule("REG-11")
def test_marks_appear_although_another_button_stays_pressed(tab: Tab) -> None:
    tab.go("/apply/link").field("帳號").hover()
    tab.page.mouse.down(button="right")

    tab.fill(姓名="大明有限公司").expect_text("需填寫人員完整姓名,不可為公司名稱")


@pytest.mark.rule("REG-10", "REG-11")
def test_a_mismatched_password_is_marked_at_the_second_field(tab: Tab) -> None:
    fields = by_label(valid_fields(password_again="Harbour-Crane-78!"))

    tab.go("/apply/link").fill(fields).expect_text("兩次輸入的密碼不一致")

    marked = tab.page.locator("[aria-invalid=true]")
    assert (marked.count(), marked.get_attribute("name")) == (1, "password_again")


@pytest.mark.rule("REG-10", "REG-11", "SEC-2")
def test_a_password_with_the_account_name_is_marked_while_typing(tab: Tab) -> None:
    tab.go("/apply/link").fill(姓名="錢大明", 密碼="Xq7-錢大明-vRm2pTq")

    tab.expect_text("密碼不可含帳號、姓名、手機、Email 或公司資料")

    assert tab.page.locator("[aria-invalid=true]").get_attribute("name") == "password"


def test_the_form_is_sent_even_if_the_check_does_not_answer(portal: System, tab: Tab) -> None:
    tab.expect_status(503).go("/apply/link")
    tab.page.route("**/check", lambda route: route.fulfill(status=503))

    tab.fill(by_label(valid_fields())).press("送出").confirm(QUESTION)
    tab.page.wait_for_url("**/sent")

    assert accounts(portal) == 1


@pytest.mark.rule("REG-4", "REG-10", "REG-11")
def test_without_script_all_errors_are_shown_with_focus_on_the_summary(plain_tab: Tab) -> None:
    fields = valid_fields(name="大明有限公司", password_again="Harbour-Crane-78!", tax_id="12345678")
    plain_tab.expect_status(422).go("/apply/general").fill(by_label(fields)).press("送出").confirm(QUESTION)

    kept = plain_tab.field("帳號").input_value(), plain_tab.field("密碼").input_value()

    assert (plain_tab.status, kept) == (422, (fields["username"], ""))
    for message in (
        "有 3 個欄位需要修正",
        "姓名:需填寫人員完整姓名,不可為公司名稱",
        "確認密碼:兩次輸入的密碼不一致",
        "公司統編:統一編號不正確(檢查碼不符),請再確認",
    ):
        assert normalize(message) in plain_tab.text
    assert plain_tab.page.locator(":focus").get_attribute("class") == "errors"
    plain_tab.screenshot("apply-invalid")


MEANT = "您要填寫的是「wang@gmail.com」嗎？"


@pytest.mark.rule("VER-8", "REG-11")
def test_a_button_fills_in_the_mailbox_that_was_probably_meant(keyboard_tab: KeyboardTab) -> None:
    keyboard_tab.go("/apply/general").fill(Email="wang@gmial.com").expect_text(MEANT)
    hint = keyboard_tab.page.locator("#email-error")
    announced = hint.get_attribute("aria-live")

    keyboard_tab.screenshot("apply-suggestion").press("改為 wang@gmail.com")

    expect(keyboard_tab.field("Email")).to_have_value("wang@gmail.com")
    expect(keyboard_tab.field("Email")).to_be_focused()
    expect(hint).to_be_empty()
    assert announced == "polite"


@pytest.mark.rule("VER-8", "REG-11")
def test_without_script_the_mailbox_that_was_probably_meant_is_only_named(plain_tab: Tab) -> None:
    plain_tab.expect_status(422).go("/apply/general").fill(Email="wang@gmial.com").press("送出").confirm(
        QUESTION
    )

    plain_tab.screenshot("apply-suggestion-plain").expect_text(MEANT)

    assert plain_tab.page.get_by_role("button", name="改為").count() == 0


@pytest.mark.rule("VER-8", "REG-11")
def test_a_returned_form_offers_the_mailbox_that_was_probably_meant(tab: Tab, portal: System) -> None:
    taken = portal.register()
    tab.expect_status(409).go("/apply/general").page.route(
        "**/check", lambda route: route.fulfill(json=RIGHT)
    )
    fields = valid_fields(username=taken.username, email="wang@gmial.com")
    tab.fill(by_label(fields)).press("送出").confirm(QUESTION)

    tab.expect_text("有 1 個欄位需要修正").screenshot("apply-suggestion").press("改為 wang@gmail.com")

    expect(tab.field("Email")).to_have_value("wang@gmail.com")
