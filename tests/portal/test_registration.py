"""申請帳號 in a browser: choosing a kind, filling in, submitting (REG; manual, steps 2 to 15)."""

import pytest
from playwright.sync_api import expect

from tests.support.actors.registration_form import LABELS, by_label, valid_fields
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

KINDS = {"general": "一般帳號", "link": "鏈結帳號"}
QUESTION = "確定要送出申請？？"

GENERAL = (
    "一般帳號:可直接登入系統,登入後具申請通行證及查詢列印等功能。",
    "凡需要登入通行證系統進行申辦相關作業之使用者。",
    "每位使用者都必須有個別的「一般帳號」登入港區通行證系統。",
    "服務於多家公司之使用者,須依不同統一編號及使用者分別註冊「一般帳號」。",
)
LINK = (
    "鏈結帳號:「鏈結帳號」能將多個「一般帳號」鏈結至單一登入帳號,但「不具」申請通行證及查詢列印等功能。",
    "已有多家公司「一般帳號」,想要藉由單一帳號進行登入作業者。",
    "若有多個公司需做切換登入,可在完成註冊「一般帳號」後,另新增「鏈結帳號」。",
    "一組「鏈結帳號」可綁定多個「一般帳號」,完成綁定後,可藉由單一帳號進行登入,並切換登入不同的公司。",
    "申請「鏈結帳號」前,請先個別完成每一家公司的「一般帳號」申請,並完成帳號郵件驗證,以利「鏈結帳號」的綁定。",
)
EXAMPLES = (
    "例:example1234",
    "需填寫人員完整姓名(例:王小明)",
    "例:0912345678",
    "例:example@gmail.com",
    "政府機關可填機關代碼",
    "例:02-12345678#12345",
    "例:臺灣港務股份有限公司基隆分公司",
    "例:804004高雄市鼓山區蓬萊路10號",
)


def accounts(system: System) -> int:
    return len(system.rows("SELECT 1 FROM accounts"))


@pytest.mark.rule("REG-1")
def test_the_explanations_of_both_kinds_of_account_follow_the_manual(tab: Tab) -> None:
    tab.go("/").press("申請帳號")

    assert (tab.path, tab.heading) == ("/apply", "申請帳號類型")
    assert [sentence for sentence in GENERAL + LINK if normalize(sentence) not in tab.text] == []
    tab.screenshot("apply-choose")


@pytest.mark.rule("REG-1")
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_block_of_a_kind_is_a_link_to_its_form(tab: Tab, kind: str) -> None:
    tab.go("/apply")

    block = tab.page.locator("li", has=tab.page.get_by_role("heading", name=KINDS[kind], exact=True))
    block.click(position={"x": 8, "y": 8})

    assert (tab.path, tab.heading) == (f"/apply/{kind}", f"{KINDS[kind]}申請")


@pytest.mark.rule("REG-2", "REG-11")
def test_the_form_shows_the_manuals_fields_with_their_examples(tab: Tab) -> None:
    tab.go("/apply/link")

    assert [tab.field(label).count() for label in LABELS.values()] == [1] * len(LABELS)
    assert [example for example in EXAMPLES if normalize(example) not in tab.text] == []
    assert normalize("各欄位均為必填,填寫設定規則請點選各欄位「?」查閱填寫說明。") in tab.text
    tab.screenshot("apply-empty")


@pytest.mark.rule("REG-11")
def test_every_field_has_a_help_mark_with_its_rule(tab: Tab) -> None:
    tab.go("/apply/link")

    shown = {}
    for label in LABELS.values():
        tab.press(f"{label}的填寫說明")
        panel = tab.page.locator(".help").filter(visible=True)
        shown[label] = normalize(panel.inner_text())
        if label == "帳號":
            tab.screenshot("apply-help")
        panel.get_by_role("button", name="關閉").click()

    assert len(set(shown.values())) == len(LABELS)
    assert normalize("4 至 30 個英文字母、數字") in shown["帳號"]
    assert normalize("密碼須為 12 至 128 個字元") in shown["密碼"]
    assert tab.page.locator(".help").filter(visible=True).count() == 0


@pytest.mark.rule("REG-11")
@pytest.mark.parametrize("label", ["帳號", "Email", "公司地址"])
def test_help_appears_above_its_field(tab: Tab, label: str) -> None:
    tab.go("/apply/link").press(f"{label}的填寫說明")

    panel = tab.page.locator(".help").filter(visible=True).bounding_box()
    field = tab.field(label).bounding_box()

    assert panel is not None
    assert field is not None
    assert (round(panel["x"]), round(panel["width"])) == (round(field["x"]), round(field["width"]))
    assert panel["y"] + panel["height"] <= field["y"]


@pytest.mark.rule("REG-12")
def test_the_buttons_of_a_question_are_side_by_side(tab: Tab) -> None:
    tab.go("/apply/link").fill(by_label(valid_fields())).press("送出").expect_text(QUESTION)

    boxes = [tab.control(name).bounding_box() for name in ("取消", "確定")]

    assert len({box["y"] for box in boxes if box}) == 1


@pytest.mark.rule("REG-2", "REG-12")
@pytest.mark.parametrize("kind", KINDS)
def test_the_form_asks_before_it_is_sent_and_the_next_page_names_the_mailbox(
    portal: System, tab: Tab, kind: str
) -> None:
    fields = valid_fields()
    tab.go(f"/apply/{kind}").fill(by_label(fields)).press("送出")

    question = tab.dialog_text
    tab.screenshot("apply-question").confirm(QUESTION)
    message = tab.dialog_text
    tab.screenshot("apply-sent-message").confirm("請收取驗證信")

    assert question == normalize(QUESTION)
    assert message == normalize(f"{KINDS[kind]}資料已經成功送出,請收取驗證信!!")
    assert (tab.path, normalize(f"驗證信寄送至:{fields['email']}") in tab.text) == (
        f"/apply/{kind}/sent",
        True,
    )
    assert portal.mail(fields["email"]).subject == f"通行證系統{KINDS[kind]}註冊通知信件"
    tab.screenshot("apply-sent").press("前往登入")
    assert tab.path == "/"


@pytest.mark.rule("REG-12")
def test_declining_the_question_sends_nothing(portal: System, tab: Tab) -> None:
    tab.go("/apply/link").fill(by_label(valid_fields())).press("送出")

    tab.confirm(QUESTION, by="取消")

    assert (tab.has_dialog, tab.path, accounts(portal)) == (False, "/apply/link", 0)


@pytest.mark.rule("REG-13")
def test_a_double_click_makes_one_account_and_one_mail(portal: System, tab: Tab) -> None:
    fields = valid_fields()
    tab.go("/apply/link").fill(by_label(fields)).press("送出")
    assert tab.dialog_text == normalize(QUESTION)

    tab.control("確定").dblclick()
    tab.page.wait_for_url("**/sent")
    portal.wait_for_mails()

    assert (accounts(portal), portal.mailbox.count(fields["email"])) == (1, 1)


@pytest.mark.rule("REG-13")
def test_a_second_submit_while_the_first_is_pending_is_blocked(tab: Tab) -> None:
    tab.go("/apply/link").fill(by_label(valid_fields())).press("送出")
    assert tab.dialog_text == normalize(QUESTION)

    stopped = tab.page.locator("form[data-once]").evaluate(
        """(form) => [1, 2].map(() => !form.dispatchEvent(new SubmitEvent("submit", { cancelable: true })))"""
    )

    assert stopped == [False, True]


@pytest.mark.rule("REG-12", "REG-13")
def test_reload_and_back_send_nothing_again(portal: System, tab: Tab) -> None:
    fields = valid_fields()
    tab.go("/apply/link").fill(by_label(fields)).press("送出").confirm(QUESTION).confirm("請收取驗證信")

    tab.page.reload()
    reloaded = (tab.path, fields["email"] in tab.text, tab.has_dialog)
    tab.page.go_back()
    back = (tab.path, tab.heading)
    tab.page.go_forward()
    portal.wait_for_mails()

    assert reloaded == ("/apply/link/sent", True, False)
    assert back == ("/apply/link", normalize("鏈結帳號申請"))
    assert tab.heading == normalize("鏈結帳號申請已送出")
    assert (accounts(portal), portal.mailbox.count(fields["email"])) == (1, 1)


@pytest.mark.rule("REG-11", "REG-12")
def test_registration_works_by_keyboard_alone(portal: System, tab: Tab) -> None:
    fields = valid_fields()
    keyboard = tab.go("/apply/link").page.keyboard
    tab.field("帳號").focus()

    for name, label in LABELS.items():
        # Tab also stops at help buttons, and at the button that shows a password.
        for _ in range(4):
            if not tab.field(label).evaluate("(field) => field === document.activeElement"):
                keyboard.press("Tab")
        keyboard.type(fields[name])
    keyboard.press("Enter")
    assert tab.dialog_text == normalize(QUESTION)
    tab.page.locator(":focus", has_text="取消").wait_for()
    keyboard.press("Tab")
    keyboard.press("Enter")
    tab.page.wait_for_url("**/sent")
    keyboard.press("Enter")

    expect(tab.page.locator("dialog:modal")).to_have_count(0)
    assert accounts(portal) == 1


def test_inputs_of_a_row_align_and_a_phone_shows_one_column(tab: Tab) -> None:
    tab.go("/apply/link")
    tab.page.locator("#name-hint").evaluate("(hint) => hint.remove()")  # the neighbouring field has a hint

    places = [tab.field(label).bounding_box() for label in LABELS.values()]
    found = [(round(place["x"]), round(place["y"])) for place in places if place]

    columns = {x for x, _ in found}
    rows = {y for _, y in found}
    assert (len(columns), len(rows)) == ((1, 10) if tab.width < 768 else (2, 5))


@pytest.mark.rule("REG-11", "REG-12", "REG-13")
def test_the_form_works_without_script(portal: System, plain_tab: Tab) -> None:
    fields = valid_fields()
    plain_tab.go("/apply").press("鏈結帳號").fill(by_label(fields)).press("送出")

    question = plain_tab.dialog_text
    plain_tab.screenshot("apply-question").confirm(QUESTION)

    assert question == normalize(QUESTION)
    assert plain_tab.dialog_text == normalize("鏈結帳號資料已經成功送出,請收取驗證信!!")
    plain_tab.confirm("請收取驗證信").screenshot("apply-sent")
    assert (plain_tab.has_dialog, plain_tab.path, accounts(portal)) == (False, "/apply/link/sent", 1)
