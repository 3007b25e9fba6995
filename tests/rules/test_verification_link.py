"""The mailed link through the API: lifetime, repeated use, newest link (VER-2, VER-4)."""

import pytest

from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


@pytest.mark.rule("VER-2")
def test_a_link_is_valid_for_24_hours(system: System) -> None:
    in_time, late = system.register("link"), system.register()
    tokens = [system.mail(person.email).token for person in (in_time, late)]

    system.clock.advance(hours=23, minutes=59, seconds=59)
    verified = system.confirm(tokens[0])
    system.clock.advance(seconds=1)
    expired = system.confirm(tokens[1])

    assert verified.json() == {
        "username": in_time.username,
        "kind": "link",
        "status": "active",
        "purpose": "registration",
        "already": False,
    }
    assert (expired.status_code, expired.json()["code"]) == (410, "link_expired")
    assert system.visitor().log_in(late).json()["next"] == "verify_email"


@pytest.mark.rule("VER-2", "SEC-4")
def test_using_a_link_again_reports_a_verified_mailbox(system: System) -> None:
    person = system.register()
    token = system.mail(person.email).token

    first, second = system.confirm(token), system.confirm(token)

    assert (first.json()["already"], second.status_code, second.json()["already"]) == (False, 200, True)
    assert system.event_types(person.id).count("account.email_verified") == 1


@pytest.mark.rule("VER-2", "SEC-4")
def test_verifying_logs_nobody_in(system: System) -> None:
    person = system.register()
    visitor = system.visitor()

    answer = visitor.post("/email-verifications/confirm", {"token": system.mail(person.email).token})

    assert (answer.status_code, "token" in answer.json()) == (200, False)
    assert visitor.get("/session").status_code == 401
    assert system.rows("SELECT 1 FROM sessions") == []


@pytest.mark.rule("VER-4", "SEC-4")
def test_a_damaged_link_is_distinguished_from_an_expired_one(system: System) -> None:
    token = system.mail(system.register().email).token
    middle = len(token) // 2
    turned = "A" if token[middle] != "A" else "B"
    wrong = (token[:-1], token[:middle] + turned + token[middle + 1 :], "", "錢大明", "a.b.c", "x" * 900)

    answers = [system.confirm(each) for each in wrong]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "link_invalid")}
    assert system.rows("SELECT 1 FROM accounts WHERE email_verified_at IS NOT NULL") == []


@pytest.mark.rule("VER-4", "SEC-4")
def test_a_link_of_another_installation_is_refused(start_system: StartSystem) -> None:
    here, elsewhere = (
        start_system(),
        start_system(IDENTITY_SECRET_KEYS="another-key-of-another-installation!"),
    )
    token = here.mail(here.register().email).token

    answer = elsewhere.confirm(token)

    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")


@pytest.mark.rule("VER-4", "SEC-4")
def test_a_link_for_one_purpose_is_refused_for_another(system: System) -> None:
    person = system.person()
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    reset = system.mail(person.email, "密碼重設").token

    answer = system.confirm(reset)

    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")


@pytest.mark.rule("VER-4")
def test_a_link_signed_with_an_older_key_works_after_a_new_key_was_put_first(
    start_system: StartSystem,
) -> None:
    old, new = "an-older-key-of-this-installation-1", "a-newer-key-of-this-installation-22"
    before = start_system(IDENTITY_SECRET_KEYS=old)
    token = before.mail(before.register().email).token
    after = start_system(IDENTITY_SECRET_KEYS=f"{new},{old}")

    answer = after.confirm(token)

    assert answer.status_code == 200
