"""When a binding ends, the other account is notified by mail (UNB-5)."""

import pytest
from identity.usecases import operator_decisions

from tests.support.actors.people import Person
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

NOTICE = "鏈結帳號綁定解除通知"


def bound_pair(system: System) -> tuple[Person, Person, str]:
    link = system.person("link", name="陳港生", company={"name": "海運股份有限公司"})
    general = system.person(name="王小花")
    return link, general, system.bind_and_verify(system.logged_in(link), general)


def notice_counts(system: System, *people: Person) -> list[int]:
    """Return the number of notices to each person after all mails are sent."""
    system.wait_for_mails()
    return [system.mailbox.count(person.email, NOTICE) for person in people]


@pytest.mark.rule("UNB-5")
def test_unbinding_by_the_link_account_notifies_the_general_account(system: System) -> None:
    link, general, binding = bound_pair(system)

    system.logged_in(link).delete(f"/bindings/{binding}")

    mail = system.mail(general.email, NOTICE)
    for part in ("王小花", general.username, link.username, "陳港生", "海運股份有限公司"):
        assert normalize(part) in normalize(mail.text)
        assert normalize(part) in normalize(mail.html)
    assert notice_counts(system, link, general) == [0, 1]


@pytest.mark.rule("UNB-5")
@pytest.mark.parametrize("side", ["link", "general"])
def test_a_notice_about_an_unverified_binding_mentions_its_void_code(system: System, side: str) -> None:
    link, general = system.person("link"), system.person()
    binding = system.bind(system.logged_in(link), general)

    if side == "link":
        system.logged_in(link).delete(f"/bindings/{binding}")
    else:
        system.logged_in(general).delete("/account/binding")

    notice = normalize(system.mail((general if side == "link" else link).email, NOTICE).text)
    assert (normalize("驗證碼已失效") in notice, normalize("不能再切換登入") in notice) == (True, False)


@pytest.mark.rule("UNB-5")
def test_a_notice_about_an_unverified_binding_does_not_mention_an_earlier_binding(system: System) -> None:
    link, general, first = bound_pair(system)
    visitor = system.logged_in(link)
    visitor.switch(first)
    visitor.switch_back()
    visitor.delete(f"/bindings/{first}")
    system.clock.advance(minutes=2)

    visitor.delete(f"/bindings/{system.bind(visitor, general)}")

    mail = system.mail(general.email, NOTICE, count=2)
    for notice in (normalize(mail.text), normalize(mail.html)):
        assert normalize("無法以此綁定切換登入") in notice
        assert normalize("未曾") not in notice


@pytest.mark.rule("UNB-5")
def test_unbinding_by_the_general_account_notifies_the_link_account(system: System) -> None:
    link, general, _ = bound_pair(system)

    system.logged_in(general).delete("/account/binding")

    assert normalize("重新綁定並取得新的驗證碼") in normalize(system.mail(link.email, NOTICE).text)
    assert notice_counts(system, link, general) == [1, 0]


@pytest.mark.rule("UNB-5")
@pytest.mark.parametrize("forgotten", [True, False])
def test_unbinding_by_a_new_password_notifies_the_link_account(system: System, *, forgotten: bool) -> None:
    link, general, _ = bound_pair(system)
    visitor = system.logged_in(general)

    if forgotten:
        visitor.post("/password-resets", {"username": general.username, "email": general.email})
        token = system.mail(general.email, "密碼").token
        visitor.post("/password-resets/confirm", {"token": token, "password": "Lighthouse-Rope-42?"})
    else:
        change = {"current": general.password, "new": "Lighthouse-Rope-42?", "end_binding": True}
        visitor.put("/account/password", change)

    assert notice_counts(system, link, general) == [1, 0]


@pytest.mark.rule("UNB-5", "OPS-1")
@pytest.mark.parametrize("closed", ["link", "general"])
def test_closing_an_account_notifies_the_other_side(system: System, closed: str) -> None:
    link, general, _ = bound_pair(system)

    with system.app.app_context():
        operator_decisions.close(system.ports, {"link": link, "general": general}[closed].username)

    assert notice_counts(system, link, general) == ([0, 1] if closed == "link" else [1, 0])


@pytest.mark.rule("UNB-4", "UNB-5")
def test_dismissing_a_binding_sends_no_notice(system: System) -> None:
    link, general, binding = bound_pair(system)
    system.logged_in(general).delete("/account/binding")

    system.logged_in(link).delete(f"/bindings/{binding}")

    assert notice_counts(system, link, general) == [1, 0]
