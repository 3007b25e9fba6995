"""A taken mailbox looks like a free mailbox (REG-9), and a link's page predicts the result of its button (VER-2)."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.support.actors.people import Person, unique
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.harness.commands import invoke
from tests.support.harness.system import System

_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


def pending(system: System) -> None:
    """Publish nothing yet."""
    system.clock.advance(seconds=1)


def delivered(system: System) -> None:
    """Let the mail server accept the mail."""
    system.wait_for_mails()


def away_for_a_day(system: System) -> None:
    """Let the link expire before the mailer can send."""
    system.clock.advance(hours=24)
    system.wait_for_mails()


def refused(system: System) -> None:
    """Let the mail server refuse these mailboxes."""
    for row in system.rows("SELECT DISTINCT email FROM accounts"):
        system.servers.smtp.refuse(row.email)
    system.wait_for_mails()


def seen_by(system: System, person: Person) -> tuple[str, str]:
    """Return all that the applicant sees, without name and mailbox."""
    visitor = system.visitor()
    visitor.log_in(person)
    page = visitor.http.get("/verification", headers={"Authorization": f"Bearer {visitor.token}"}).text
    session = str(visitor.get("/session").json()["verification_mail"])
    own = page.replace(person.email, "MAILBOX").replace(person.username, "NAME")
    return _TOKEN.sub("", own), session


@pytest.mark.rule("REG-9", "VER-6")
@pytest.mark.parametrize("happened", [pending, delivered, away_for_a_day, refused])
def test_an_applicant_with_a_taken_mailbox_sees_the_same_pages(
    system: System, happened: Callable[[System], None]
) -> None:
    owner = system.person()
    free = system.register(email=f"free{unique()}@example.com")
    taken = system.register(email=owner.email)

    happened(system)

    assert seen_by(system, taken) == seen_by(system, free)


def superseded(system: System, person: Person) -> None:
    """Request a newer mail."""
    visitor = system.visitor()
    visitor.log_in(person)
    system.clock.advance(minutes=1)
    assert visitor.post("/email-verifications").status_code == 202


def expired(system: System, _person: Person) -> None:
    """Let the link's 24 hours pass."""
    system.clock.advance(hours=24)


def closed(system: System, person: Person) -> None:
    """Let an operator close the account."""
    invoke(system, "accounts", "close", person.username, "--reason", "因故")


def followed(system: System, person: Person) -> None:
    """Follow the link once."""
    assert system.confirm(system.mail(person.email, "註冊通知信件").token).status_code == 200


def renewed_elsewhere(system: System, person: Person) -> None:
    """Give the account another mailbox."""
    with system.engine.begin() as connection:
        connection.execute(
            text("UPDATE accounts SET email = 'else@example.com' WHERE id = :id"), {"id": person.id}
        )


@pytest.mark.rule("VER-2", "VER-4")
@pytest.mark.parametrize("happened", [superseded, expired, closed, followed, renewed_elsewhere])
def test_previewing_a_link_gives_the_same_result_as_following_it(
    system: System, happened: Callable[[System, Person], None]
) -> None:
    person = system.register()
    browser = PlainBrowser(system.visitor())
    page = browser.open(system.mail(person.email, "註冊通知信件").link)

    happened(system, person)
    looked, pressed = page.reload(), page.press()

    assert (page.has_button, looked.has_button) == (True, False)
    assert (looked.status, looked.text) == (pressed.status, pressed.text)
