"""The page 基本資料維護: saving, and reports of errors (PRO-1, PRO-2, PRO-5, SW-4)."""

import pytest

from tests.support.actors.people import unique
from tests.support.actors.profile_changes import request_email_change, save
from tests.support.browser.plain_browser import PROFILE, AccountPage
from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.system import System

WITHDRAW = "/profile/pending-email/withdraw"
UNBIND = "/profile/binding/end"
EMAIL_ASKED = normalize(
    "本帳號已經成功修改,為了確認 Email 帳戶的唯一性與暢通,請至您更新的 Email 信箱收取驗證信,"
    "認證信有效時限為 24 小時,驗證完成後 Email 才會完成更新!!"
)


@pytest.mark.rule("PRO-1")
def test_immutable_data_has_no_field_and_is_ignored_when_sent(system: System) -> None:
    visitor = system.logged_in(system.person())
    before = visitor.get("/account").json()
    page = AccountPage(visitor)

    page.send(name="錢小明", username="another1234", tax_id="62140097", company_name="另一公司", kind="link")

    after = visitor.get("/account").json()
    assert {"name", "mobile", "company_phone", "email"} <= set(page.forms[PROFILE])
    assert set(page.forms[PROFILE]).isdisjoint(
        {"username", "kind", "tax_id", "company_name", "company_address"}
    )
    assert after == {**before, "name": "錢小明"}


@pytest.mark.rule("PRO-1", "EVT-2")
def test_saving_unchanged_data_is_reported_and_publishes_nothing(system: System) -> None:
    person = system.person()
    page = AccountPage(system.logged_in(person))

    answer = page.send(mobile="+886912345678")

    assert answer.status_code == 303
    assert normalize("資料沒有變更，無須儲存") in page.text
    assert "account.profile_changed" not in system.event_types(person.id)


@pytest.mark.rule("PRO-1", "REG-11")
def test_wrong_values_are_marked_at_their_fields_and_kept(system: System) -> None:
    page = AccountPage(system.logged_in(system.person()))

    answer = page.send(name="大明商行", mobile="1", company_phone="2", email="x")

    assert answer.status_code == 422
    typed = page.forms[PROFILE]
    assert (typed["name"], typed["mobile"], typed["company_phone"], typed["email"]) == (
        "大明商行",
        "1",
        "2",
        "x",
    )
    assert page.answer.text.count('aria-invalid="true"') == 4
    assert normalize("有 4 個欄位需要修正") in page.text


@pytest.mark.rule("REG-11", "PRO-2")
def test_the_fields_can_be_checked_before_they_are_saved(system: System) -> None:
    visitor = system.logged_in(system.person())
    page = AccountPage(visitor)
    before = visitor.get("/account").json()

    answer = visitor.http.post(
        f"{PROFILE}/check", data={**page.forms[PROFILE], "name": "大明商行", "email": "new@example.com"}
    )

    assert answer.json()["errors"] == {
        "name": ["需填寫人員完整姓名，不可為公司名稱"],
        "current_password": ["變更 Email 須填寫目前密碼"],
    }
    assert visitor.get("/account").json() == before


@pytest.mark.rule("PRO-2")
@pytest.mark.parametrize("taken", [False, True])
def test_a_changed_mailbox_gets_the_manuals_message_whether_taken_or_not(
    system: System, *, taken: bool
) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    email = system.person().email if taken else f"new{unique()}@example.com"
    page = AccountPage(visitor)

    page.send(email=email, current_password=person.password)

    assert EMAIL_ASKED in page.text
    assert normalize(f"新的 Email {email}") in page.text
    assert page.forms[PROFILE]["email"] == person.email
    assert visitor.get("/account").json()["pending_email"] == email


@pytest.mark.rule("PRO-2")
def test_the_pending_mailbox_can_be_withdrawn_once(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    email = request_email_change(visitor, person)
    page, late = AccountPage(visitor), AccountPage(visitor)

    page.send(WITHDRAW)
    late.send(WITHDRAW)

    assert normalize("已撤回 Email 變更") in page.text
    assert normalize("目前沒有待驗證的 Email 變更") in late.text
    assert email not in page.answer.text
    assert visitor.get("/account").json()["pending_email"] is None


@pytest.mark.rule("PRO-2", "SEC-9")
def test_a_wrong_password_is_marked_at_its_field_and_never_echoed(system: System) -> None:
    visitor = system.logged_in(system.person())
    page = AccountPage(visitor)

    answer = page.send(name="錢小明", email="new@example.com", current_password="Wrong-Crane-88!")

    assert answer.status_code == 403
    assert normalize("目前密碼:目前密碼不正確") in page.text
    assert (page.forms[PROFILE]["name"], page.forms[PROFILE]["email"]) == ("錢小明", "new@example.com")
    assert "Wrong-Crane-88!" not in page.answer.text
    assert visitor.get("/account").json()["name"] == "錢大明"


@pytest.mark.rule("PRO-2", "SEC-19")
def test_too_many_wrong_passwords_lead_to_the_login_with_the_reason(system: System) -> None:
    page = AccountPage(system.logged_in(system.person()))

    statuses = [
        page.send(email="new@example.com", current_password="Wrong-Crane-88!").status_code for _ in range(5)
    ]

    assert statuses == [403] * 4 + [303]
    assert normalize("密碼錯誤次數過多，已將您登出") in page.text


@pytest.mark.rule("PRO-2", "SEC-6")
def test_a_second_email_change_within_a_minute_is_refused_above_the_form(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    first = request_email_change(visitor, person)
    page = AccountPage(visitor)

    answer = page.send(name="錢小明", email="second@example.com", current_password=person.password)

    account = visitor.get("/account").json()
    assert (answer.status_code, page.forms[PROFILE]["email"]) == (429, "second@example.com")
    assert normalize("郵件寄送過於頻繁，請稍後再試") in page.text
    assert (account["name"], account["pending_email"]) == ("錢大明", first)


@pytest.mark.rule("PRO-5")
def test_a_conflicting_save_shows_both_versions_of_changed_fields_and_saves_only_these(
    system: System,
) -> None:
    person = system.person()
    first, second = system.logged_in(person), system.logged_in(person)
    page = AccountPage(second)
    save(first, {"name": "錢小明", "mobile": "0987654321"})

    lost = page.send(name="錢中明", company_phone="07-1234567")
    shown, stored = page.text, first.get("/account").json()
    decided = page.send()

    account = first.get("/account").json()
    assert (lost.status_code, decided.status_code) == (412, 303)
    assert normalize("姓名您填寫的錢中明目前儲存的錢小明") in shown
    assert normalize("手機電話您填寫的") not in shown
    assert (stored["name"], stored["company"]["phone"]) == ("錢小明", "02-12345678#12345")
    assert (account["name"], account["mobile"], account["company"]["phone"]) == (
        "錢中明",
        "0987654321",
        "07-1234567",
    )


@pytest.mark.rule("PRO-5")
def test_two_people_who_save_the_same_change_do_not_conflict(system: System) -> None:
    person = system.person()
    page = AccountPage(system.logged_in(person))
    save(system.logged_in(person), {"name": "錢小明", "mobile": "0987654321"})

    page.send(name="錢小明")

    assert normalize("資料沒有變更，無須儲存") in page.text
    assert page.forms[PROFILE]["mobile"] == "0987654321"


@pytest.mark.rule("PRO-5")
def test_correcting_a_field_still_detects_a_conflicting_save(system: System) -> None:
    person = system.person()
    first, second = system.logged_in(person), system.logged_in(person)
    page = AccountPage(second)
    save(first, {"name": "錢小明"})

    wrong = page.send(mobile="1")
    mended = page.send(mobile="0987654321")

    assert (wrong.status_code, mended.status_code) == (422, 412)
    assert first.get("/account").json()["name"] == "錢小明"


@pytest.mark.rule("PRO-5")
@pytest.mark.parametrize("revision", ["", "x", "999999999999", "-1", "１"])
def test_a_save_with_an_unknown_revision_is_refused(system: System, revision: str) -> None:
    visitor = system.logged_in(system.person())

    answer = AccountPage(visitor).send(name="錢小明", revision=revision)

    assert answer.status_code == 412
    assert visitor.get("/account").json()["name"] == "錢大明"


@pytest.mark.rule("SEC-8")
def test_a_stale_form_is_shown_again_with_its_input_and_revision(system: System) -> None:
    visitor = system.logged_in(system.person())
    page = AccountPage(visitor)
    revision = page.forms[PROFILE]["revision"]

    answer = page.send(name="錢小明", csrf_token="made-up")
    shown_again = page.forms[PROFILE]
    saved = page.send()

    assert (answer.status_code, saved.status_code) == (400, 303)
    assert (shown_again["name"], shown_again["revision"]) == ("錢小明", revision)
    assert visitor.get("/account").json()["name"] == "錢小明"


@pytest.mark.rule("SEC-8", "LOGIN-6")
@pytest.mark.parametrize("stale", [False, True])
def test_a_form_sent_after_the_session_ended_leads_to_the_login_with_a_message(
    system: System, *, stale: bool
) -> None:
    visitor = system.logged_in(system.person())
    page = AccountPage(visitor)
    visitor.delete("/session")

    answer = page.send(name="錢小明", **({"csrf_token": "made-up"} if stale else {}))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/?next=/profile&ended=unsaved")
    assert normalize("剛才的內容尚未儲存") in page.text


@pytest.mark.rule("SW-4")
def test_while_switched_the_page_shows_no_data_changes_nothing_and_links_back(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    own = AccountPage(system.logged_in(general))
    forms = {PROFILE: own.forms[PROFILE], f"{PROFILE}/check": own.forms[PROFILE], WITHDRAW: {}, UNBIND: {}}
    link.switch(binding)
    page = AccountPage(link)
    csrf = page.forms["/links/return"]["csrf_token"]

    answers = [
        link.http.post(path, data={**fields, "name": "錢小明", "csrf_token": csrf})
        for path, fields in forms.items()
    ]

    shown_on_each = [visible_text(answer.text) for answer in [page.answer, *answers]]
    assert [answer.status_code for answer in [page.answer, *answers]] == [403] * 5
    assert {answer.text.count('action="/links/return"') for answer in answers} == {2}  # in menu and main part
    assert all(normalize("請先回到「鏈結帳號管理與登入」") in text for text in shown_on_each)
    assert not any(general.email in answer.text for answer in [page.answer, *answers])
    assert system.logged_in(general).get("/account").json()["name"] == "錢大明"
    assert system.logged_in(general).get("/account/binding").json()["status"] == "verified"
