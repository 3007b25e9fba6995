"""An account not verified within seven days lapses; `identity tidy` closes it later (VER-7)."""

import pytest

from tests.support.actors.people import registration
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


def closed_reason_and_username(system: System, account_id: str) -> tuple[str | None, str | None]:
    """Return the closing reason of an account, None if open, and its username. Only open accounts have a password."""
    (row,) = system.rows(
        "SELECT closed_reason, username_key, password_hash FROM accounts WHERE id = :id", id=account_id
    )
    assert bool(row.password_hash) == (row.closed_reason is None)
    return row.closed_reason, row.username_key


@pytest.mark.rule("VER-7")
def test_within_seven_days_the_account_exists(system: System) -> None:
    person = system.register()

    system.clock.advance(days=6, hours=23, minutes=59, seconds=59)
    tidied = invoke(system, "tidy")

    assert tidied.exit_code == 0
    assert closed_reason_and_username(system, person.id) == (None, person.username)
    assert system.visitor().log_in(person).json()["next"] == "verify_email"


@pytest.mark.rule("VER-7")
def test_after_seven_days_login_fails_like_for_an_unknown_name(system: System) -> None:
    person = system.register()

    system.clock.advance(days=7)
    answer = system.visitor().log_in(person)

    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")


@pytest.mark.rule("VER-7", "OPS-2")
def test_a_suspended_account_lapses_too(system: System) -> None:
    person = system.register()
    invoke(system, "accounts", "suspend", person.username, "--reason", "因故")

    before = system.visitor().log_in(person)
    system.clock.advance(days=7)
    after = system.visitor().log_in(person)

    assert (before.json()["code"], after.json()["code"]) == ("account_suspended", "bad_credentials")


@pytest.mark.rule("VER-7")
def test_a_link_sent_on_the_last_day_expires_with_the_account(system: System) -> None:
    person = system.register()
    visitor = system.visitor()
    system.mail(person.email)
    system.clock.advance(days=6, hours=23, minutes=50)
    visitor.log_in(person)
    visitor.post("/email-verifications")
    token = system.mail(person.email, count=2).token

    system.clock.advance(minutes=10)
    followed, asked_again = system.confirm(token), visitor.post("/email-verifications")

    assert (followed.status_code, followed.json()["code"]) == (410, "link_expired")
    assert asked_again.status_code == 401


@pytest.mark.rule("VER-7")
def test_an_open_session_ends_with_its_lapsed_account(system: System) -> None:
    visitor, person = system.visitor(), system.register()
    system.clock.advance(days=6, hours=23, minutes=50)
    visitor.log_in(person)

    before = visitor.get("/session").status_code
    system.clock.advance(minutes=10)
    after = visitor.get("/session").status_code

    assert (before, after) == (200, 401)


@pytest.mark.rule("VER-7")
def test_a_lapsed_name_is_free_before_cleanup(system: System) -> None:
    lapsed = system.register()

    system.clock.advance(days=7)
    answer = system.visitor().post("/accounts", registration(username=lapsed.username))

    assert (answer.status_code, answer.json()["id"] != lapsed.id) == (202, True)
    assert closed_reason_and_username(system, lapsed.id) == ("lapsed", None)
    assert system.event_types(lapsed.id)[-1] == "account.closed"


@pytest.mark.rule("VER-7")
def test_cleanup_closes_the_account_with_the_reason_and_frees_name_and_mailbox(system: System) -> None:
    lapsed, kept = system.register(), system.person()

    system.clock.advance(days=7)
    tidied = invoke(system, "tidy", "--json")
    again = invoke(system, "tidy", "--json")

    assert ('"accounts": 1' in tidied.stdout, '"accounts": 0' in again.stdout) == (True, True)
    assert closed_reason_and_username(system, lapsed.id) == ("lapsed", None)
    assert system.events(lapsed.id)[-1].data == {"reason": "lapsed"}
    assert closed_reason_and_username(system, kept.id) == (None, kept.username)
    system.register(username=lapsed.username, email=lapsed.email)
    assert system.confirm(system.mail(lapsed.email, count=2).token).status_code == 200
