"""忘記密碼, the page of its link, and 修改密碼 (LOGIN-8, PRO-4, UNB-5)."""

import pytest

from tests.support.actors.people import PASSWORD, Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System
from tests.support.servers.received_mail import ReceivedMail

NEW = "Another-Crane-88!"


def reset_mail(system: System, person: Person, *, count: int = 1) -> ReceivedMail:
    """Request the mail through the API and wait for its arrival."""
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    return system.mail(person.email, "密碼重設", count=count)


def change(tab: Tab, current: str, new: str, again: str | None = None) -> Tab:
    """Fill in 修改密碼 and submit it."""
    filled = {"目前密碼": current, "新密碼": new, "確認新密碼": new if again is None else again}
    tab.fill(filled).page.locator("main").get_by_role("button", name="修改密碼", exact=True).click()
    return tab.settle()


@pytest.mark.rule("LOGIN-8")
def test_a_forgotten_password_is_reset_by_the_mailed_link(portal: System, tab: Tab) -> None:
    person = portal.person()

    tab.go("/").press("忘記密碼？").screenshot("password-forgotten")
    tab.fill(帳號=person.username, Email=person.email).press("寄送重設密碼的連結")
    answered = tab.screenshot("password-forgotten-sent").text
    tab.open_link(portal.mail(person.email, "密碼重設")).screenshot("password-reset")
    tab.fill(新密碼=NEW, 確認新密碼=NEW).press("設定新密碼")
    tab.screenshot("password-reset-done")

    assert normalize("若帳號與 Email 相符，重設密碼的連結已寄出，連結於 1 小時內有效") in answered
    assert (tab.heading, "token" in tab.page.url) == (normalize("密碼重設成功"), False)
    assert portal.visitor().log_in(person, password=NEW).status_code == 201


@pytest.mark.rule("LOGIN-8")
def test_the_answer_does_not_reveal_whether_account_and_email_match(portal: System, tab: Tab) -> None:
    person = portal.person()
    texts = []

    for username in (person.username, "nobody-of-all"):
        tab.go("/password/forgotten").fill(帳號=username, Email=person.email)
        texts.append(tab.press("寄送重設密碼的連結").text)

    assert texts[0] == texts[1]


@pytest.mark.rule("LOGIN-8", "REG-11")
def test_wrong_fields_of_the_forgotten_form_are_marked(tab: Tab) -> None:
    tab.expect_status(422).go("/password/forgotten").fill(Email="nobody").press("寄送重設密碼的連結")

    assert normalize("有 2 個欄位需要修正") in tab.text
    assert tab.page.evaluate("document.activeElement.className") == "errors"
    tab.screenshot("password-forgotten-invalid")


@pytest.mark.rule("LOGIN-8", "SEC-2", "REG-11")
def test_a_new_password_is_checked_while_it_is_typed(portal: System, tab: Tab) -> None:
    person = portal.person()
    tab.open_link(reset_mail(portal, person))

    tab.fill(新密碼=f"Xq7-{person.username}-Zw").field("確認新密碼").focus()

    tab.expect_text("密碼不可含帳號、姓名、手機、Email 或公司資料")
    assert tab.field("新密碼").get_attribute("aria-invalid") == "true"
    tab.screenshot("password-reset-typing")


@pytest.mark.rule("LOGIN-8", "SEC-2", "REG-11")
def test_the_strength_of_a_new_password_is_shown_while_it_is_typed(portal: System, tab: Tab) -> None:
    tab.open_link(reset_mail(portal, portal.person()))

    tab.field("新密碼").fill(NEW)
    tab.expect_text("密碼強度：強").screenshot("password-reset-strong")
    tab.field("新密碼").fill("Short-1")

    tab.expect_text("密碼至少需 12 個字元")
    assert normalize("密碼強度") not in tab.text


@pytest.mark.rule("LOGIN-8", "SEC-2", "REG-11")
def test_a_wrong_new_password_is_not_sent_and_stays_in_its_field(portal: System, tab: Tab) -> None:
    tab.open_link(reset_mail(portal, portal.person()))

    tab.fill(新密碼="Short-1", 確認新密碼="Other-1").press("設定新密碼").expect_text("有 2 個欄位需要修正")

    tab.expect_text("新密碼：密碼至少需 12 個字元").expect_text("確認新密碼：兩次輸入的密碼不一致")
    assert tab.page.evaluate("document.activeElement.className") == "errors"
    assert (tab.field("新密碼").input_value(), tab.field("確認新密碼").input_value()) == (
        "Short-1",
        "Other-1",
    )
    assert tab.page.title().startswith("錯誤：")
    tab.screenshot("password-reset-invalid")


@pytest.mark.rule("LOGIN-8", "SEC-2")
def test_a_link_already_used_in_another_tab_is_reported(portal: System, tab: Tab) -> None:
    mail = reset_mail(portal, portal.person())
    tab.expect_status(410).open_link(mail)
    portal.visitor().post("/password-resets/confirm", {"token": mail.token, "password": NEW})

    tab.fill(新密碼="Ferry-Basalt-52?", 確認新密碼="Ferry-Basalt-52?").press("設定新密碼")

    tab.expect_text("此連結已使用過")


@pytest.mark.rule("PRO-4", "REG-11")
def test_without_network_the_typed_passwords_stay_in_the_form(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person()).go("/profile/password").go_offline()

    change(tab, PASSWORD, NEW)

    tab.expect_text("目前無法連線")
    assert tab.field("新密碼").input_value() == NEW


@pytest.mark.rule("LOGIN-8", "SEC-4", "VER-4")
def test_used_expired_superseded_and_damaged_links_each_get_a_page(portal: System, tab: Tab) -> None:
    person = portal.person()
    superseded = reset_mail(portal, person)
    portal.clock.advance(seconds=60)
    used = reset_mail(portal, person, count=2)
    portal.visitor().post("/password-resets/confirm", {"token": used.token, "password": NEW})
    headings = {}

    tab.expect_status(400, 410)
    headings["used"] = tab.open_link(used).screenshot("password-link-used").heading
    headings["superseded"] = tab.open_link(superseded).screenshot("password-link-superseded").heading
    headings["damaged"] = tab.go("/password/reset?token=x").screenshot("password-link-damaged").heading
    portal.clock.advance(hours=1)
    headings["expired"] = tab.open_link(used).screenshot("password-link-expired").heading

    assert headings == {
        "used": normalize("密碼已重設"),
        "superseded": normalize("連結已失效"),
        "damaged": normalize("連結不正確"),
        "expired": normalize("連結已失效"),
    }
    assert tab.press("重新申請重設密碼").path == "/password/forgotten"


@pytest.mark.rule("PRO-4", "SEC-7")
def test_a_person_changes_the_password_and_other_sessions_end(portal: System, tab: Tab) -> None:
    person = portal.person()
    other = portal.logged_in(person)
    tab.log_in(person).go("/profile/password").screenshot("password-change")

    change(tab, person.password, NEW)

    assert normalize("密碼修改成功") in tab.dialog_text
    assert other.get("/session").status_code == 401
    assert portal.visitor().log_in(person, password=NEW).status_code == 201
    tab.screenshot("password-changed").press("確定").go("/home")
    assert tab.path == "/home"


@pytest.mark.rule("PRO-4", "SEC-3")
def test_a_known_browser_stays_known_after_a_password_change(portal: System, tab: Tab) -> None:
    person = portal.person()
    change(tab.log_in(person).go("/profile/password"), person.password, NEW)
    tab.press("確定")
    for _ in range(6):
        portal.visitor().log_in(person, password="Wrong-Crane-88!")

    tab.page.context.clear_cookies(name="session")
    tab.go("/").fill(使用者帳號=person.username, 使用者密碼=NEW).press("登入")

    assert tab.path == "/home"


@pytest.mark.rule("PRO-4", "SEC-2")
@pytest.mark.parametrize(
    ("typed", "status", "messages"),
    [
        (("Wrong-Crane-88!", NEW), 403, ("目前密碼", "目前密碼不正確")),
        ((PASSWORD, PASSWORD), 422, ("新密碼", "不可使用最近三次用過的密碼")),
        ((PASSWORD, "Passw0rd-Passw0rd"), 422, ("新密碼", "密碼太常見或太容易猜到")),
    ],
)
def test_each_error_is_shown_at_its_field_and_no_field_is_emptied(
    portal: System, tab: Tab, typed: tuple[str, str], status: int, messages: tuple[str, str]
) -> None:
    tab.expect_status(status).log_in(portal.person()).go("/profile/password")

    change(tab, *typed)

    tab.expect_text("有 1 個欄位需要修正")
    field = tab.field(messages[0])
    reason = tab.page.locator(f"#{field.get_attribute('id')}-error").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert normalize(messages[1]) in normalize(reason)
    assert [tab.field(name).input_value() for name in ("目前密碼", "新密碼", "確認新密碼")] == [
        *typed,
        typed[1],
    ]
    tab.screenshot(f"password-change-{status}")


@pytest.mark.rule("PRO-4", "SEC-19")
def test_too_many_wrong_current_passwords_lead_to_the_login_and_back(portal: System, tab: Tab) -> None:
    person = portal.person()
    tab.expect_status(403).log_in(person).go("/profile/password")

    for warning in ["", "", "", "，再錯 1 次將自動登出"]:
        change(tab, "Wrong-Crane-88!", NEW).expect_text(f"目前密碼：目前密碼不正確{warning}")
    change(tab, "Wrong-Crane-88!", NEW)

    assert (tab.path, normalize("密碼錯誤次數過多，已將您登出") in tab.text) == ("/", True)
    tab.screenshot("password-change-ended")


@pytest.mark.rule("UNB-5", "PRO-4")
@pytest.mark.parametrize(("ticked", "status"), [(True, "none"), (False, "verified")])
def test_a_bound_accounts_password_change_asks_whether_the_binding_ends_too(
    portal: System, tab: Tab, *, ticked: bool, status: str
) -> None:
    general, link = portal.person(), portal.person("link")
    portal.bind_and_verify(portal.logged_in(link), general)
    tab.log_in(general).go("/profile/password")
    question = tab.screenshot("password-change-bound").text

    tab.field("同時解除鏈結帳號綁定").set_checked(ticked)
    said = change(tab, general.password, NEW).dialog_text

    now = portal.visitor()
    now.log_in(general, password=NEW)
    assert normalize(link.username) in question
    assert now.get("/account/binding").json()["status"] == status
    assert (normalize("綁定已解除") in said) is ticked


@pytest.mark.rule("UNB-5", "LOGIN-8")
def test_an_unbound_accounts_password_change_asks_no_question(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person()).go("/profile/password")

    assert normalize("同時解除") not in tab.text


@pytest.mark.rule("PRO-4", "LOGIN-8")
def test_passwords_are_set_without_script(portal: System, plain_tab: Tab) -> None:
    person = portal.person()

    plain_tab.open_link(reset_mail(portal, person)).fill(新密碼=NEW, 確認新密碼=NEW).press("設定新密碼")
    _consent(portal, person)
    plain_tab.go("/").fill(使用者帳號=person.username, 使用者密碼=NEW).press("登入")
    plain_tab.go("/profile/password").screenshot("password-change")
    change(plain_tab.expect_status(422), NEW, "Ferry-Basalt-52?", "Other-Basalt-52?")
    refused = plain_tab.text, plain_tab.field("新密碼").input_value()
    change(plain_tab, NEW, "Ferry-Basalt-52?")

    assert (normalize("兩次輸入的密碼不一致") in refused[0], refused[1]) == (True, "")
    assert normalize("密碼修改成功") in plain_tab.dialog_text


def _consent(system: System, person: Person) -> None:
    visitor = system.visitor()
    visitor.log_in(person, password=NEW)
    visitor.accept_consents()
