"""A code is not mailed to a general account that is suspended: it would not hold (BIND-6, OPS-2)."""

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.browser.profile_page import OwnPage
from tests.support.browser.text import normal
from tests.support.harness.commands import command
from tests.support.harness.system import System


def suspended_while_unverified(system: System) -> tuple[Visitor, Person, str]:
    """Bind an account that is then suspended; return the link account's visitor, the account, the binding."""
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    system.settle()
    command(system, "accounts", "suspend", general.username, "--reason", "因故")
    system.clock.advance(minutes=1)
    return link, general, binding


@pytest.mark.rule("BIND-6", "OPS-2")
def test_no_code_is_mailed_to_a_suspended_account_and_the_code_that_is_there_holds_once_it_is_reinstated(
    system: System,
) -> None:
    link, general, binding = suspended_while_unverified(system)

    refused = link.post(f"/bindings/{binding}/code")
    system.settle()
    mailed = system.mailbox.count(general.email, "驗證碼")
    command(system, "accounts", "reinstate", general.username, "--reason", "因故")
    code = system.mail(general.email, "驗證碼").code
    verified = link.post(f"/bindings/{binding}/verify", {"code": code})

    assert (refused.status_code, refused.json()["code"], mailed) == (422, "not_bindable", 1)
    assert verified.json()["status"] == "verified"


@pytest.mark.rule("BIND-6", "OPS-2", "SEC-6")
def test_what_was_refused_takes_no_turn(system: System) -> None:
    link, general, binding = suspended_while_unverified(system)
    link.post(f"/bindings/{binding}/code")

    command(system, "accounts", "reinstate", general.username, "--reason", "因故")

    assert link.post(f"/bindings/{binding}/code").status_code == 202


@pytest.mark.rule("BIND-6", "OPS-2")
def test_the_page_says_so_in_a_message_and_stays_at_the_line(system: System) -> None:
    link, general, binding = suspended_while_unverified(system)
    page = OwnPage(link, f"/links?account={binding}")

    answer = page.send(f"/links/{binding}/code")
    system.settle()

    assert (answer.status_code, answer.headers["location"]) == (303, f"/links?account={binding}")
    assert normal("此帳號無法綁定") in page.text
    assert normal("已重新發送") not in page.text
    assert system.mailbox.count(general.email, "驗證碼") == 1
