"""A person who forgot the username is mailed the usernames of the mailbox's verified accounts (LOGIN-9)."""

from typing import Any

import pytest

from tests.support.actors.people import TAX_IDS, Person, unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

SUBJECT = "帳號查詢通知"


def verified(system: System, email: str, *, mails: int, kind: str = "general", **changes: Any) -> Person:
    """Return a verified account with this mailbox, which has then received `mails` registration mails."""
    person = system.register(kind, email=email, **changes)
    assert system.confirm(system.mail(email, "註冊通知信件", count=mails).token).status_code == 200
    return person


def ask(system: System, email: str, **more: str) -> tuple[int, str]:
    answer = system.visitor().post("/username-reminders", {"email": email, **more})
    return answer.status_code, answer.text


@pytest.mark.rule("LOGIN-9")
def test_one_mail_lists_the_verified_accounts_of_the_mailbox(system: System) -> None:
    email = f"many{unique()}@example.com"
    link = verified(system, email, mails=1, kind="link")
    first = verified(system, email, mails=2)
    company = {"tax_id": TAX_IDS[1], "name": "大同運輸有限公司"}
    second = verified(system, email, mails=3, company=company)
    unverified = system.register(email=email, company={"tax_id": TAX_IDS[2]})

    answer = ask(system, email.upper())

    mail = system.mail(email, SUBJECT)
    assert answer[0] == 202
    listed = [
        f"鏈結帳號{link.username}（錢大明股份有限公司）",
        f"一般帳號{first.username}（錢大明股份有限公司）",
        f"一般帳號{second.username}（大同運輸有限公司）",
    ]
    assert [normalize(each) in normalize(mail.text) for each in listed] == [True] * 3
    assert unverified.username not in mail.text


@pytest.mark.rule("LOGIN-9", "SEC-6")
def test_a_tax_id_selects_the_company_and_a_wrong_tax_id_does_not_block_it(system: System) -> None:
    email = f"many{unique()}@example.com"
    first = verified(system, email, mails=1)
    second = verified(system, email, mails=2, company={"tax_id": TAX_IDS[1]})

    for tax_id in (TAX_IDS[2], TAX_IDS[1]):
        ask(system, email, tax_id=tax_id)

    ask(system, email)  # the mail was sent less than a minute ago

    mail = system.mail(email, SUBJECT)
    assert (second.username in mail.text, first.username in mail.text) == (True, False)
    assert system.event_types().count("usernames.requested") == 1


@pytest.mark.rule("LOGIN-9", "SEC-6")
def test_the_answer_is_always_the_same_and_a_repeat_sends_nothing(system: System) -> None:
    person = system.person()
    nobody = f"nobody{unique()}@example.com"

    answers = {ask(system, email) for email in (person.email, person.email, nobody, nobody)}

    system.mail(person.email, SUBJECT)
    assert len(answers) == 1
    assert system.event_types().count("usernames.requested") == 1


@pytest.mark.rule("LOGIN-9")
def test_the_page_leads_from_the_login_to_the_same_notice(system: System) -> None:
    browser = system.visitor().http

    login, notice = browser.get("/").text, browser.get("/username/forgotten/sent").text

    assert 'href="/username/forgotten"' in login
    assert normalize("無論是否有符合的帳號，本頁顯示的內容都相同") in normalize(notice)
