"""基本資料維護 in a browser: data, mailbox, two tabs at once (PRO, LOGIN-5, REG-11, SW-4)."""

import pytest
from playwright.sync_api import expect

from tests.support.actors.people import Person, unique
from tests.support.actors.profile_changes import request_email_change
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

HEADINGS = {"link": "鏈結帳號資料修改", "general": "帳號資料修改"}
ASKED = "確定要儲存資料？？"
EMAIL_ASKED = (
    "本帳號已經成功修改,為了確認 Email 帳戶的唯一性與暢通,請至您更新的 Email 信箱收取驗證信,"
    "認證信有效時限為 24 小時,驗證完成後 Email 才會完成更新!!"
)


def _opened(tab: Tab, person: Person) -> Tab:
    """Log in and open the page from the menu (manual, step 1)."""
    return tab.log_in(person).press_in_menu(HEADINGS[person.kind])


def _new_mailbox() -> str:
    return f"new{unique()}@example.com"


@pytest.mark.rule("PRO-1", "LOGIN-5")
@pytest.mark.parametrize("kind", ["link", "general"])
def test_changed_data_are_saved_after_a_question_and_shown_in_the_header(
    portal: System, tab: Tab, kind: str
) -> None:
    person = portal.person(kind)
    _opened(tab, person).screenshot(f"profile-{kind}")

    tab.fill(姓名="錢小明", 手機電話="0987-654-321", 公司電話="07-12345678#9").press("儲存")
    tab.expect_text(ASKED).screenshot(f"profile-{kind}-asked")
    shown = tab.page.locator("dialog[open] dl").inner_text()
    tab.confirm(ASKED)
    tab.expect_text("資料已儲存").screenshot(f"profile-{kind}-saved").confirm("資料已儲存")

    assert normalize(shown) == normalize("姓名錢小明 手機電話0987654321 公司電話07-12345678#9")
    assert (tab.path, tab.heading) == ("/profile", normalize(HEADINGS[kind]))
    assert tab.field("手機電話").input_value() == "0987654321"
    assert tab.field("公司電話").input_value() == "07-12345678#9"
    assert normalize("在此修改公司電話並不會同步變更公司基本資料") in tab.text
    assert normalize("錢小明(錢大明股份有限公司") in tab.header


@pytest.mark.rule("PRO-1")
def test_an_unconfirmed_question_saves_nothing(portal: System, tab: Tab) -> None:
    person = portal.person()
    _opened(tab, person).fill(姓名="錢小明").press("儲存").expect_text(ASKED)

    tab.press("取消")

    assert not tab.has_dialog
    assert tab.field("姓名").input_value() == "錢小明"
    assert portal.logged_in(person).get("/account").json()["name"] == "錢大明"


@pytest.mark.rule("REG-11")
def test_wrong_fields_are_marked_before_the_question(portal: System, tab: Tab) -> None:
    _opened(tab, portal.person())

    tab.fill(姓名="大明商行", 手機電話="091234567", 公司電話="07-521123#1").press("儲存")
    tab.expect_text("有 3 個欄位需要修正")

    assert not tab.has_dialog
    assert normalize("姓名:需填寫人員完整姓名,不可為公司名稱") in tab.text
    assert normalize("手機電話:手機號碼須為10碼,您填寫了9碼") in tab.text
    assert normalize("公司電話:區碼07的電話號碼須為7碼(不含區碼與分機),您填寫了6碼") in tab.text
    assert tab.field("手機電話").get_attribute("aria-invalid") == "true"
    expect(tab.page.locator(".errors")).to_be_focused()
    tab.screenshot("profile-errors")

    tab.fill(Email=_new_mailbox(), 姓名="錢小明", 手機電話="0987654321", 公司電話="07-12345678")
    tab.expect_text("已修正，請再填寫「目前密碼」").screenshot("profile-mended")
    tab.fill(目前密碼="Any-Crane-88!").expect_text("已全部修正，請再送出一次")
    tab.press("儲存").expect_text("儲存後，系統將寄送驗證信至新的 Email").screenshot("profile-asked-mailbox")


@pytest.mark.rule("REG-11")
def test_each_field_has_its_rule_behind_a_help_mark(portal: System, tab: Tab) -> None:
    _opened(tab, portal.person()).fill(Email=_new_mailbox())

    marks = tab.page.get_by_role("button", name="的填寫說明")
    names = [normalize(str(mark.get_attribute("aria-label"))) for mark in marks.all()]
    tab.press("Email的填寫說明").expect_text("驗證完成才會更新").screenshot("profile-help")

    assert names == [
        normalize(f"{label}的填寫說明") for label in ("姓名", "手機電話", "公司電話", "Email", "目前密碼")
    ]


@pytest.mark.rule("PRO-2")
def test_the_password_is_required_only_for_a_new_mailbox(portal: System, tab: Tab) -> None:
    person = portal.person()
    password = _opened(tab, person).field("目前密碼")
    star = tab.page.locator(".email-proof .field__required")

    before = password.is_visible()
    tab.fill(Email=_new_mailbox())
    changed = password.is_visible() and star.is_visible()
    tab.fill(目前密碼=person.password).screenshot("profile-email-changed").fill(Email=person.email.upper())
    back = password.is_visible()
    tab.fill(Email=_new_mailbox())

    assert (before, changed, back) == (False, True, False)
    assert password.input_value() == person.password


@pytest.mark.rule("PRO-2")
@pytest.mark.parametrize("kind", ["link", "general"])
def test_a_new_mailbox_is_pending_until_its_owner_follows_the_link(
    portal: System, tab: Tab, kind: str
) -> None:
    person, email = portal.person(kind), _new_mailbox()
    _opened(tab, person).fill(Email=email, 目前密碼=person.password).press("儲存").confirm(ASKED)

    tab.expect_text(EMAIL_ASKED).screenshot(f"profile-{kind}-email-asked").confirm(EMAIL_ASKED)
    tab.expect_text(f"新的 Email {email}").screenshot(f"profile-{kind}-email-pending")
    pending = tab.field("Email").input_value()
    tab.open_link(portal.mail(email, "Email 變更驗證")).press("完成新 Email 驗證")
    tab.expect_text(f"已更新為新的 Email {email}").screenshot("profile-email-changed-done").press(
        "查看帳號資料"
    )

    assert (pending, tab.field("Email").input_value()) == (person.email, email)
    assert normalize("Email 變更待驗證") not in tab.text


@pytest.mark.rule("PRO-2")
def test_a_pending_mailbox_is_withdrawn_after_a_question(portal: System, tab: Tab) -> None:
    person = portal.person()
    email = request_email_change(portal.logged_in(person), person)
    _opened(tab, person).press("撤回變更")

    tab.expect_text("確定要撤回 Email 變更？").screenshot("profile-withdraw-asked").confirm(
        "確定要撤回 Email 變更？"
    )
    tab.confirm("已撤回 Email 變更")

    assert normalize(email) not in tab.text
    assert portal.confirm(portal.mail(email, "Email 變更驗證").token).json()["code"] == "link_superseded"


@pytest.mark.rule("PRO-2", "SEC-6")
def test_another_new_mailbox_too_soon_is_refused_above_the_form_with_the_wait(
    portal: System, tab: Tab
) -> None:
    person = portal.person()
    request_email_change(portal.logged_in(person), person)
    _opened(tab, person).expect_status(429)

    tab.fill(Email=_new_mailbox(), 目前密碼=person.password).press("儲存").confirm(ASKED)

    tab.expect_text("郵件寄送過於頻繁，請稍後再試").expect_text("秒後可再變更 Email。")
    tab.screenshot("profile-too-soon")
    assert (tab.status, tab.field("Email").get_attribute("aria-invalid")) == (429, "false")


@pytest.mark.rule("PRO-2")
def test_a_wrong_password_is_shown_at_its_field(portal: System, tab: Tab) -> None:
    email = _new_mailbox()
    _opened(tab, portal.person()).expect_status(403)

    tab.fill(Email=email, 目前密碼="Wrong-Crane-88!").press("儲存").confirm(ASKED)

    tab.expect_text("目前密碼：目前密碼不正確").screenshot("profile-bad-password")
    assert (tab.status, tab.field("Email").input_value()) == (403, email)
    assert tab.field("目前密碼").input_value() == ""


@pytest.mark.rule("PRO-5")
def test_a_conflicting_save_shows_both_versions(portal: System, tab: Tab) -> None:
    person = portal.person()
    other = _opened(tab, person).new_tab().go("/profile")
    tab.fill(姓名="錢小明").press("儲存").confirm(ASKED).confirm("資料已儲存")

    other.expect_status(412).fill(姓名="錢中明", 公司電話="07-1234567").press("儲存").confirm(ASKED)
    other.expect_text("您的內容尚未儲存").screenshot("profile-stale")
    shown = other.text
    expect(other.page.get_by_role("alert")).to_be_focused()
    other.press("儲存").confirm(ASKED).confirm("資料已儲存")

    assert normalize("姓名您填寫的錢中明目前儲存的錢小明") in shown
    assert normalize("手機電話您填寫的") not in shown
    assert normalize("請比對您修改的欄位") in shown
    assert normalize("錢中明(錢大明股份有限公司)") in other.header


@pytest.mark.rule("PRO-5")
def test_a_conflicting_save_can_keep_the_saved_version(portal: System, tab: Tab) -> None:
    other = _opened(tab, portal.person()).new_tab().go("/profile")
    tab.fill(姓名="錢小明").press("儲存").confirm(ASKED).confirm("資料已儲存")
    other.expect_status(412).fill(姓名="錢中明").press("儲存").confirm(ASKED)

    other.expect_text("您的內容尚未儲存").press("改用目前儲存的資料")

    assert other.field("姓名").input_value() == "錢小明"
    assert normalize("尚未儲存") not in other.text


@pytest.mark.rule("PRO-1")
def test_saving_unchanged_data_is_reported(portal: System, tab: Tab) -> None:
    _opened(tab, portal.person()).expect_status(500)
    tab.page.route("**/profile", lambda route: route.fulfill(status=204))  # the browser stays on the page
    with tab.page.expect_request("**/profile"):
        tab.control("儲存").click()
    expect(tab.page.locator("form[data-check][aria-busy=true]")).to_be_visible()
    tab.page.unroute("**/profile")
    tab.page.route("**/profile/check", lambda route: route.fulfill(status=500))
    tab.fill(姓名="錢小明").press("儲存").expect_text(ASKED)
    tab.page.unroute("**/profile/check")

    tab.go("/profile").press("儲存")

    tab.expect_text("資料沒有變更，無須儲存").screenshot("profile-nothing-new").confirm(
        "資料沒有變更，無須儲存"
    )

    assert tab.path == "/profile"


@pytest.mark.rule("PRO-1", "REG-11")
def test_the_data_are_changed_by_keyboard_alone(portal: System, tab: Tab) -> None:
    _opened(tab, portal.person())
    keyboard = tab.page.keyboard
    tab.field("姓名").focus()

    keyboard.press("ControlOrMeta+a")
    keyboard.type("錢小明")
    keyboard.press("Enter")
    tab.expect_text(ASKED)
    expect(tab.page.locator("dialog:modal :focus")).to_be_visible()
    keyboard.press("Escape")
    expect(tab.field("姓名")).to_be_focused()
    keyboard.press("Enter")
    tab.expect_text(ASKED)
    tab.control("確定").focus()
    keyboard.press("Enter")
    tab.expect_text("資料已儲存")
    expect(tab.page.locator("dialog:modal :focus")).to_be_visible()
    keyboard.press("Enter")

    expect(tab.page.locator("dialog:modal")).to_have_count(0)
    assert normalize("錢小明") in tab.header


@pytest.mark.rule("SW-4")
def test_while_switched_the_page_explains_and_links_back(portal: System, tab: Tab) -> None:
    general, holder = portal.person(), portal.person("link")
    link = portal.logged_in(holder)
    link.switch(portal.bind_and_verify(link, general))
    tab.page.context.add_cookies([{"name": "session", "value": str(link.token), "url": portal.url}])

    tab.expect_status(403).go("/profile").screenshot("profile-while-switched")
    shown = tab.text
    hidden = tab.page.get_by_role("link", name="帳號資料修改").count()
    tab.page.locator("main").get_by_role("button", name="前往鏈結帳號管理與登入").click()
    tab.settle()

    assert normalize("切換登入期間無法進行此操作") in shown
    assert normalize("錯誤代碼") not in shown
    assert hidden == 0
    assert (tab.path, normalize("鏈結帳號)") in tab.header) == ("/links", True)


@pytest.mark.rule("PRO-1", "PRO-2")
def test_without_script_the_password_field_is_shown_with_an_explanation(
    portal: System, plain_tab: Tab
) -> None:
    person, email = portal.person(), _new_mailbox()
    tab = plain_tab.log_in(person).go("/profile").screenshot("profile")
    hint = normalize(tab.page.locator("#current_password-hint").inner_text())
    starred = tab.page.locator(".email-proof .field__required").is_visible()

    tab.fill(姓名="錢小明", Email=email, 目前密碼=person.password).press("儲存")
    tab.screenshot("profile-asked").confirm(ASKED)
    tab.screenshot("profile-email-asked").confirm(EMAIL_ASKED)

    assert (hint, starred) == (normalize("變更 Email 須填寫目前密碼"), False)
    assert normalize(f"新的 Email {email}") in tab.text
    assert normalize("錢小明") in tab.header
