"""A taken mailbox looks like a free mailbox to the applicant (REG-9)."""

import re
from collections.abc import Callable

import pytest

from tests.support.actors.people import Person, unique
from tests.support.harness.system import System

_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


def pending(system: System) -> None:
    """Leave the mail unpublished."""
    system.clock.advance(seconds=1)


def delivered(system: System) -> None:
    """Let the mail server accept the mail."""
    system.wait_for_mails()


def sent_after_a_day(system: System) -> None:
    """Let the link expire before its mail is published."""
    system.clock.advance(hours=24)
    system.wait_for_mails()


def refused(system: System) -> None:
    """Let the mail server refuse the mailbox of every account."""
    for row in system.rows("SELECT DISTINCT email FROM accounts"):
        system.servers.smtp.refuse(row.email)
    system.wait_for_mails()


def seen_by(system: System, person: Person) -> tuple[str, str]:
    """Return the applicant's page and the mail's state in the API, without what differs between applicants."""
    visitor = system.visitor()
    visitor.log_in(person)
    page = visitor.http.get("/verification", headers={"Authorization": f"Bearer {visitor.token}"}).text
    session = str(visitor.get("/session").json()["verification_mail"])
    own = page.replace(person.email, "MAILBOX").replace(person.username, "NAME")
    return _TOKEN.sub("", own), session


@pytest.mark.rule("REG-9", "VER-6")
@pytest.mark.parametrize("happened", [pending, delivered, sent_after_a_day, refused])
def test_an_applicant_with_a_taken_mailbox_sees_the_same_pages(
    system: System, happened: Callable[[System], None]
) -> None:
    owner = system.person()
    free = system.register(email=f"free{unique()}@example.com")
    taken = system.register(email=owner.email)

    happened(system)

    assert seen_by(system, taken) == seen_by(system, free)
