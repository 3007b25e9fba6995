"""The pages of 申請帳號 in a browser without scripts (REG-2, REG-3, REG-9 to REG-13)."""

from functools import partial
from typing import Any

import pytest

from tests.support.actors.people import TAX_IDS, registration
from tests.support.actors.registration_form import LABELS, check_fields, open_form, valid_fields
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


def account_count(system: System) -> int:
    return len(system.rows("SELECT 1 FROM accounts"))


@pytest.mark.rule("REG-2", "REG-12")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_submitting_creates_an_unverified_account_and_redirects(system: System, kind: str) -> None:
    fields = valid_fields()

    answer = open_form(system.visitor(), kind).press(**fields).first

    (row,) = system.rows("SELECT * FROM accounts")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/apply/{kind}/sent")
    assert (row.kind, row.username, row.email_verified_at) == (kind, fields["username"], None)
    assert (row.tax_id, row.company_phone) == (fields["tax_id"], fields["company_phone"])
    assert (row.company_name, row.company_address) == (fields["company_name"], fields["company_address"])


@pytest.mark.rule("REG-2", "REG-11")
def test_an_empty_form_marks_every_field(system: System) -> None:
    page = open_form(system.visitor()).press()

    assert (page.status, account_count(system)) == (422, 0)
    assert normalize("有 10 個欄位需要修正") in page.text
    assert page.text.count(normalize("此欄位為必填")) == 2 * len(LABELS)


@pytest.mark.rule("REG-11", "SEC-13")
def test_the_input_is_kept_except_passwords(system: System) -> None:
    fields = valid_fields(mobile="<b>1")

    page = open_form(system.visitor()).press(**fields)

    secret = {"password", "password_again"}
    assert {name: page.fields[name] for name in fields} == {
        name: "" if name in secret else value for name, value in fields.items()
    }
    assert "<b>" not in page.answer.text
    assert normalize("基於安全考量,系統不會保留密碼,請重新輸入") in page.text


@pytest.mark.rule("REG-10", "SEC-2")
def test_page_and_api_judge_a_password_alike(system: System) -> None:
    company = registration()["company"]
    words = {"name": "錢大明", "email": "harbour.master@example.com", "mobile": "0928374650"}
    owned = ["Xq7-錢大明-vRm2pTq", "Xq7-harbour.master-vRm", f"Xq7-{company['name']}-vRm", "short", "qwerty"]

    reported = []
    for password in owned:
        sent = registration(**words, password=password)
        errors = system.visitor().post("/accounts", sent).json()["errors"]
        visitor = system.visitor()
        fields = valid_fields(**words, username=sent["username"], password=password)
        reasons = check_fields(open_form(visitor), visitor, **fields).json()["errors"]
        reported.append(({"password": [error["detail"] for error in errors]}, reasons))

    assert all(by_api == by_page for by_api, by_page in reported)
    assert all(by_api["password"] for by_api, _ in reported)


@pytest.mark.rule("REG-3")
def test_a_taken_name_is_marked_and_the_rest_is_kept(system: System) -> None:
    taken = system.register()
    fields = valid_fields(username=taken.username.upper())

    page = open_form(system.visitor()).press(**fields)

    assert (page.status, account_count(system)) == (409, 1)
    assert normalize("帳號:帳號已經存在,請重設其他帳號") in page.text
    assert page.fields["company_name"] == fields["company_name"]


@pytest.mark.rule("REG-3", "REG-11")
def test_a_taken_name_is_marked_on_submit_together_with_other_errors(system: System) -> None:
    taken = system.register()

    page = open_form(system.visitor()).press(**valid_fields(username=taken.username.upper(), mobile="1"))

    assert (page.status, account_count(system)) == (422, 1)
    assert normalize("有 2 個欄位需要修正") in page.text
    assert normalize("帳號:帳號已經存在,請重設其他帳號") in page.text
    assert normalize("手機電話:請填寫臺灣手機號碼") in page.text


@pytest.mark.rule("REG-3", "REG-11")
def test_while_typing_a_taken_name_is_marked_in_any_case_and_for_both_kinds(system: System) -> None:
    taken = system.register("general")
    visitor = system.visitor()

    answers = [
        check_fields(open_form(visitor, kind), visitor, username=name).json()["errors"]
        for kind in ("general", "link")
        for name in (taken.username, taken.username.upper())
    ]

    assert [normalize(found["username"][0]) for found in answers] == [
        normalize("帳號已經存在,請重設其他帳號")
    ] * 4


@pytest.mark.rule("REG-3", "VER-7")
def test_while_typing_a_lapsed_accounts_name_is_free(system: System) -> None:
    lapsed = system.register()
    visitor = system.visitor()

    system.clock.advance(days=7)
    found = check_fields(open_form(visitor), visitor, username=lapsed.username).json()["errors"]

    assert "username" not in found


@pytest.mark.rule("REG-9")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_while_typing_nothing_is_revealed_about_mailboxes(system: System, kind: str) -> None:
    owner = system.person(kind)
    visitor = system.visitor()

    answer = check_fields(
        open_form(visitor, kind), visitor, **valid_fields(email=owner.email, tax_id=TAX_IDS[0])
    )

    assert (answer.status_code, answer.json()["errors"]) == (200, {})


@pytest.mark.rule("REG-9", "REG-12")
def test_a_taken_mailbox_gets_the_same_answer(system: System) -> None:
    owner = system.person("link")
    visitor = system.visitor()

    page = open_form(visitor).press(**valid_fields(email=owner.email))

    assert (page.first.status_code, page.status) == (303, 200)
    assert normalize(f"驗證信寄送至:{owner.email}") in visible_text(page.answer.text)


@pytest.mark.rule("REG-11", "SEC-13")
def test_the_field_check_stores_only_a_counter_per_address(system: System) -> None:
    visitor = system.visitor()
    form = open_form(visitor)

    for _ in range(2):
        check_fields(form, visitor, **valid_fields())

    assert system.rows("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM outbox") == []
    ((key, times),) = system.rows("SELECT key, times FROM counters")
    assert (key.partition(":")[0], times) == ("name.address", 2)


@pytest.mark.rule("SEC-8", "SEC-13")
def test_the_field_check_requires_the_csrf_token_and_is_bounded(system: System) -> None:
    visitor = system.visitor()
    page = open_form(visitor)

    foreign = visitor.http.post("/apply/link/check", data=valid_fields())
    endless = check_fields(page, visitor, name="x" * 70_000)
    long = check_fields(page, visitor, name="x" * 2_000).json()["errors"]["name"]

    assert (foreign.status_code, endless.status_code) == (400, 413)
    assert normalize(long[0]) == normalize("內容過長或含有無法處理的字元")


@pytest.mark.rule("SEC-8")
def test_a_stale_form_is_shown_again_with_its_input_and_sends_nothing(system: System) -> None:
    fields = valid_fields()

    page = open_form(system.visitor()).press(**fields, csrf_token="stale")

    assert (page.status, account_count(system)) == (400, 0)
    assert (page.fields["username"], page.fields["password"]) == (fields["username"], "")
    assert normalize("請確認內容後再送出一次") in page.text


@pytest.mark.rule("SEC-3")
def test_an_address_over_its_limit_sees_the_wait_and_keeps_the_input(
    start_system: StartSystem,
) -> None:
    system = start_system(IDENTITY_REGISTRATIONS_PER_ADDRESS="1")
    visitor, fields = system.visitor(), valid_fields()
    open_form(visitor).press(**valid_fields())

    page = open_form(visitor).press(**fields)

    assert (page.status, account_count(system)) == (429, 1)
    assert int(page.answer.headers["retry-after"]) > 0
    assert normalize("來自此網路位址的申請次數過多,請於 60 分鐘後再試") in page.text
    assert page.fields["username"] == fields["username"]


@pytest.mark.rule("REG-12")
def test_the_confirmation_page_is_only_for_the_submitting_browser(system: System) -> None:
    fields, visitor = valid_fields(), system.visitor()
    open_form(visitor).press(**fields)

    own = [PlainBrowser(visitor).open("/apply/link/sent") for _ in range(2)][-1]
    foreign = PlainBrowser(system.visitor()).open("/apply/link/sent")
    of_the_other_kind = PlainBrowser(visitor).open("/apply/general/sent")

    assert (own.status, fields["email"] in own.answer.text) == (200, True)
    for page in (foreign, of_the_other_kind):
        assert (page.first.status_code, page.first.headers["location"]) == (303, "/apply")


@pytest.mark.rule("REG-12")
def test_the_mailbox_is_shown_for_ten_minutes_only(system: System) -> None:
    visitor = system.visitor()
    open_form(visitor).press(**valid_fields())

    system.clock.advance(minutes=11)
    page = PlainBrowser(visitor).open("/apply/link/sent")

    assert page.first.headers["location"] == "/apply"


@pytest.mark.rule("REG-12", "REV-1")
@pytest.mark.parametrize(("kind", "reported"), [("general", False), ("link", True)])
def test_the_confirmation_page_mentions_a_review_if_configured(
    start_system: StartSystem,
    kind: str,
    reported: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    system = start_system(IDENTITY_REVIEW="link")
    visitor = system.visitor()
    open_form(visitor, kind).press(**valid_fields())

    page = PlainBrowser(visitor).open(f"/apply/{kind}/sent")

    assert (normalize("等候審核") in page.text) is reported


@pytest.mark.rule("REG-13")
def test_the_same_form_sent_again_makes_one_account_and_one_mail(system: System) -> None:
    fields = valid_fields()
    page = open_form(system.visitor())

    answers = [page.press(**fields).first for _ in range(3)]
    system.wait_for_mails()

    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
        (303, "/apply/link/sent")
    }
    assert (account_count(system), system.mailbox.count(fields["email"])) == (1, 1)


@pytest.mark.rule("REG-13")
def test_the_same_form_sent_concurrently_makes_one_account_and_one_mail(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql(IDENTITY_HASH_QUEUE="20")
    fields = valid_fields()
    pages = [open_form(system.visitor()) for _ in range(8)]

    sent: list[Any] = run_concurrently([partial(page.press, **fields) for page in pages])
    system.wait_for_mails()

    assert {page.first.status_code for page in sent} == {303}
    assert (account_count(system), system.mailbox.count(fields["email"])) == (1, 1)


@pytest.mark.parametrize("path", ["/apply", "/apply/link", "/apply/general"])
def test_the_pages_can_be_opened_while_logged_in(system: System, path: str) -> None:
    visitor = system.logged_in(system.person("link"))
    visitor.http.cookies.set("session", str(visitor.token))

    page = PlainBrowser(visitor).open(path)

    assert (page.status, normalize("錢大明(錢大明股份有限公司/鏈結帳號)") in page.text) == (200, True)


def test_there_is_no_form_for_an_unknown_kind_of_account(system: System) -> None:
    assert open_form(system.visitor(), "admin").status == 404
