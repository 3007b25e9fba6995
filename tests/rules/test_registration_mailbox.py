"""A mailbox has at most one verified link account, and one verified general account per company (REG-9)."""

import pytest

from tests.support.actors.people import TAX_IDS, Person, registration
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System


def verified_with_the_same_mailbox(system: System, first: Person, kind: str, tax_id: str) -> int:
    """Register with the mailbox of `first` and follow the mailed link; return the status."""
    second = system.register(kind, email=first.email, company={"tax_id": tax_id})
    token = system.mail(first.email, "註冊通知信件", count=2).token
    assert system.mailbox.count(first.email, "Email 已被使用") == 0
    answer = system.confirm(token)
    assert answer.json()["username"] == second.username
    return int(answer.status_code)


@pytest.mark.rule("REG-9")
@pytest.mark.parametrize(
    ("kind", "other_kind", "other_tax_id"),
    [("general", "general", TAX_IDS[1]), ("general", "link", TAX_IDS[0])],
)
def test_a_mailbox_may_have_accounts_of_other_companies_and_of_the_other_kind(
    system: System, kind: str, other_kind: str, other_tax_id: str
) -> None:
    first = system.person(kind)

    assert verified_with_the_same_mailbox(system, first, other_kind, other_tax_id) == 200


@pytest.mark.rule("REG-9")
@pytest.mark.parametrize(("kind", "tax_id"), [("general", TAX_IDS[0]), ("link", TAX_IDS[1])])
def test_a_taken_mailbox_gets_the_same_answer_and_its_owner_a_notice_instead_of_a_link(
    system: System, kind: str, tax_id: str
) -> None:
    owner = system.person(kind)
    system.wait_for_mails()
    system.mailbox.clear()

    sent = registration(kind, email=owner.email.upper(), company={"tax_id": tax_id})
    answer = system.visitor().post("/accounts", sent)
    notice = system.mail(owner.email)
    system.wait_for_mails()

    assert (answer.status_code, answer.json()["status"]) == (202, "email_unverified")
    assert system.mailbox.count(owner.email) == 1
    assert "?token=" not in notice.text + notice.html
    assert owner.username in notice.text


@pytest.mark.rule("REG-9", "VER-7")
def test_an_account_with_a_taken_mailbox_lapses(system: System) -> None:
    owner = system.person()
    late = system.register(email=owner.email)

    system.clock.advance(days=7)
    again = system.visitor().post("/accounts", registration(username=late.username))

    assert again.status_code == 202
    assert system.events(late.id)[-1].data == {"reason": "lapsed"}
    assert system.visitor().log_in(owner).status_code == 201


@pytest.mark.rule("REG-9", "VER-7")
def test_an_unverified_squatter_does_not_keep_the_mailbox_from_its_owner(system: System) -> None:
    squatter = system.register()
    system.mail(squatter.email, "註冊通知信件")

    owner = system.register(email=squatter.email)
    answer = system.confirm(system.mail(owner.email, "註冊通知信件", count=2).token)

    assert (answer.status_code, answer.json()["username"]) == (200, owner.username)


@pytest.mark.rule("REG-9")
def test_the_second_of_two_unverified_accounts_with_one_mailbox_is_refused_at_its_link(
    system: System,
) -> None:
    first = system.register()
    first_token = system.mail(first.email, "註冊通知信件").token
    second = system.register(email=first.email)
    second_token = system.mail(first.email, "註冊通知信件", count=2).token

    won, lost = system.confirm(first_token), system.confirm(second_token)

    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 409, "mailbox_taken")
    assert normalize("此 Email 已由其他帳號使用") in normalize(lost.json()["detail"])
    assert system.visitor().log_in(second).json()["next"] == "verify_email"
    assert "account.email_verified" not in system.event_types(second.id)


@pytest.mark.rule("REG-9")
def test_a_mailbox_is_compared_without_regard_to_case(system: System) -> None:
    person = system.register(email="Some.One@Example.COM")

    (row,) = system.rows("SELECT email FROM accounts WHERE id = :id", id=person.id)

    assert row.email == "some.one@example.com"
