"""A suspended general account gets no code, because the code would not work (BIND-6, OPS-2)."""

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.browser.plain_browser import AccountPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


def suspended_while_unverified(system: System) -> tuple[Visitor, Person, str]:
    """Return a link account's visitor, a suspended general account and the id of their unverified binding."""
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    system.wait_for_mails()
    invoke(system, "accounts", "suspend", general.username, "--reason", "因故")
    system.clock.advance(minutes=1)
    return link, general, binding


@pytest.mark.rule("BIND-6", "OPS-2")
def test_a_suspended_account_gets_no_code_and_its_existing_code_works_after_reinstatement(
    system: System,
) -> None:
    link, general, binding = suspended_while_unverified(system)

    refused = link.post(f"/bindings/{binding}/code")
    system.wait_for_mails()
    mailed = system.mailbox.count(general.email, "驗證碼")
    invoke(system, "accounts", "reinstate", general.username, "--reason", "因故")
    code = system.mail(general.email, "驗證碼").code
    verified = link.post(f"/bindings/{binding}/verify", {"code": code})

    assert (refused.status_code, refused.json()["code"], mailed) == (422, "not_bindable", 1)
    assert verified.json()["status"] == "verified"


@pytest.mark.rule("BIND-6", "OPS-2", "SEC-6")
def test_a_refused_request_does_not_count_against_the_limit(system: System) -> None:
    link, general, binding = suspended_while_unverified(system)
    link.post(f"/bindings/{binding}/code")

    invoke(system, "accounts", "reinstate", general.username, "--reason", "因故")

    assert link.post(f"/bindings/{binding}/code").status_code == 202


@pytest.mark.rule("BIND-6", "OPS-2")
def test_the_page_shows_the_refusal_and_stays_at_the_row(system: System) -> None:
    link, general, binding = suspended_while_unverified(system)
    page = AccountPage(link, f"/links?account={binding}")

    answer = page.send(f"/links/{binding}/code")
    system.wait_for_mails()

    assert (answer.status_code, answer.headers["location"]) == (303, f"/links?account={binding}")
    assert normalize("此帳號無法綁定") in page.text
    assert normalize("已重新發送") not in page.text
    assert system.mailbox.count(general.email, "驗證碼") == 1
