"""鏈結帳號管理與登入 in a browser: binding and verifying (BIND; manual, step 21, binding steps 1 to 10)."""

import pytest

from tests.support.actors.failed_logins import fail_logins
from tests.support.actors.people import Person
from tests.support.actors.profile_changes import masked
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

SENT = "[鏈結帳號綁定驗證碼通知]已發送到被綁定帳號的 Email信箱！請聯繫帳號使用者取得[驗證碼]。"
DONE = "帳號綁定驗證成功！！"
CODE = "請輸入6位數字驗證碼"
REMINDERS = (
    "提醒：使用「鏈結帳號」登入不能直接操作系統（申辦通行證）。",
    "鏈結帳號必須與一般帳號綁定後，切換帳號登入使用；若您還沒有一般帳號，請先完成一般帳號註冊，再【綁定帳號】。",
    "請先【綁定帳號】，再於下方「綁定帳號清單」選擇要登入的一般帳號。",
    "如果您只有單一家公司要辦理通行證，請直接註冊「一般帳號」登入使用。",
    "仍可於「通行證系統登入作業」頁面直接使用「一般帳號」登入使用。",
)


def code_of(portal: System, general: Person) -> str:
    return portal.mail(general.email, "驗證碼").code


@pytest.mark.rule("BIND-1", "LOGIN-4")
def test_a_link_account_lands_on_its_list_with_the_manuals_notes(holder: Person, tab: Tab) -> None:
    tab.log_in(holder).screenshot("links-empty")

    assert (tab.path, tab.heading) == ("/links", normalize("鏈結帳號管理與登入"))
    assert [normalize(line) in tab.text for line in REMINDERS] == [True] * 5
    assert normalize("綁定帳號清單：【點選帳號切換登入公司】") in tab.text
    assert normalize("尚未綁定任何一般帳號") in tab.text


@pytest.mark.rule("BIND-1")
def test_an_account_name_fits_on_one_line_of_the_list(portal: System, tab: Tab, holder: Person) -> None:
    general = portal.person(username="kaohsiung.pass")
    portal.bind(portal.logged_in(holder), general)

    fact = tab.log_in(holder).row(general.username).get_by_text(general.username, exact=True)

    assert fact.evaluate("one => one.getClientRects().length") == 1


@pytest.mark.rule("BIND-1", "BIND-2", "BIND-5", "BIND-6")
def test_a_general_account_is_bound_and_verified_by_its_mailed_code(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    tab.log_in(holder).press("綁定帳號").fill(帳號=general.username, 密碼=general.password)
    tab.screenshot("links-dialog").press("綁定").screenshot("links-sent").confirm(SENT).screenshot(
        "links-unverified"
    )
    unverified = tab.text
    tab.fill({CODE: code_of(portal, general)}).press("驗證").screenshot("links-done").confirm(DONE)

    tab.screenshot("links-verified")
    values = (
        "王小花",
        "王小花的有限公司",
        "07-1234567",
        general.tax_id,
        masked(general.email),
    )
    assert [value for value in values if normalize(value) not in unverified] == []
    assert general.email not in unverified
    assert normalize("※尚未進行驗證！！") in unverified
    assert normalize("※已通過驗證！！") in tab.text
    assert tab.control("登入").count() == 1


NOT_BINDABLE = "僅能綁定已完成 Email 驗證及審核、且未停用的一般帳號"
REFUSED = {
    "wrong-password": (401, "帳號或密碼錯誤"),
    "fifth": (401, "請稍後再試，或請該帳號的使用者於登入頁以「忘記密碼？」重設密碼"),
    "locked": (429, "15 分鐘後再試，或請該帳號的使用者於登入頁以「忘記密碼？」重設密碼"),
    "nobody": (401, "帳號或密碼錯誤"),
    "link": (422, "鏈結帳號不能再綁定鏈結帳號，請輸入各公司的一般帳號"),
    "unverified": (422, NOT_BINDABLE),
    "elsewhere": (409, "請先以該帳號登入，於「基本資料維護」的「帳號資料修改」解除原有綁定"),
}


def target_of(portal: System, case: str) -> tuple[str, str]:
    """Return the username and password that the case enters."""
    make = portal.register if case == "unverified" else portal.person
    target = make("link" if case == "link" else "general")
    if case == "elsewhere":
        portal.bind(portal.logged_in(portal.person("link")), target)
    fail_logins(portal.visitor(), target, times={"fifth": 4, "locked": 5}.get(case, 0))
    name = "nobody-at-all" if case == "nobody" else target.username
    return name, "Wrong-Crane-78!" if case in {"wrong-password", "fifth"} else target.password


@pytest.mark.rule("BIND-3")
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_binding_is_shown_in_the_dialog_and_keeps_the_account_name(
    portal: System, tab: Tab, holder: Person, case: str
) -> None:
    status, words = REFUSED[case]
    name, password = target_of(portal, case)
    tab.expect_status(status).log_in(holder)

    tab.press("綁定帳號").fill(帳號=name, 密碼=password).press("綁定").screenshot(f"links-refused-{case}")

    assert (tab.status, tab.has_dialog) == (status, True)
    assert (tab.field("帳號").input_value(), tab.field("密碼").input_value()) == (name, "")
    assert normalize(words) in normalize(tab.page.locator("dialog[open]").inner_text())
    tab.press("取消")
    assert not tab.has_dialog


@pytest.mark.rule("BIND-3")
def test_an_account_already_bound_here_leads_to_its_row(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    link = portal.logged_in(holder)
    portal.bind(link, portal.person())
    portal.bind(link, general)

    tab.log_in(holder).press("綁定帳號").fill(帳號=general.username.upper(), 密碼=general.password).press(
        "綁定"
    )

    tab.confirm("此帳號已在您的綁定清單中")
    assert normalize("王小花的有限公司") in normalize(tab.page.locator("#chosen").inner_text())


@pytest.mark.rule("BIND-2")
def test_the_binding_dialog_does_not_autofill_the_link_accounts_password(holder: Person, tab: Tab) -> None:
    tab.log_in(holder).press("綁定帳號")

    offered = [tab.field(label).get_attribute("autocomplete") for label in ("帳號", "密碼")]

    assert offered == ["off", "new-password"]


@pytest.mark.rule("BIND-1")
def test_choosing_a_row_shows_its_panel_in_place_and_back_shows_the_previous_panel(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    link, other = portal.logged_in(holder), portal.person(name="李大同")
    portal.bind_and_verify(link, general)
    portal.bind(link, other)
    tab.log_in(holder).expect_text("共 2 家，1 家尚未驗證").screenshot("links-two")
    tab.page.evaluate("window.stays = true")
    panel = tab.page.locator("#chosen")

    tab.choose(general.username).expect_text("※已通過驗證！！")
    tab.choose(other.username).expect_text("※尚未進行驗證！！").screenshot("links-two-chosen")
    focused = panel.evaluate("one => document.activeElement === one")
    seen = panel.evaluate("one => one.getBoundingClientRect().top < innerHeight")
    tab.page.go_back()

    tab.expect_text("※已通過驗證！！")
    assert (focused, seen, tab.page.evaluate("window.stays")) == (True, True, True)
    assert normalize("王小花") in normalize(panel.inner_text())


@pytest.mark.rule("BIND-1", "BIND-6")
def test_a_form_in_a_panel_works_like_a_form_on_a_page(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    link = portal.logged_in(holder)
    portal.bind(link, portal.person())
    portal.clock.advance(seconds=1)
    portal.bind(link, general)

    tab.log_in(holder).choose(general.username).fill({CODE: code_of(portal, general)}).press("驗證")
    tab.confirm(DONE)

    assert normalize("王小花") in normalize(tab.page.locator("#chosen").inner_text())
