"""Only the newest link of a purpose works, once, until it expires; opening a link changes nothing (SEC-4)."""

import pytest
from identity.adapters.link_and_cookie_tokens import SignedTokens
from identity.domain.mail_link import Purpose
from port_runtime.secret import Secret

from tests.support.actors.people import PASSWORD
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import SIGNING_KEY
from tests.support.harness.system import System

NEW_KEY = "the-next-signing-key-of-the-tests-long-enough"
NEW_PASSWORD = "Lantern-Quay-31!"


def _reset_token(system: System, username: str, email: str) -> str:
    before = system.mailbox.count(email, "密碼")
    system.visitor().post("/password-resets", {"username": username, "email": email})
    return system.mail(email, "密碼", count=before + 1).token


@pytest.mark.rule("SEC-4", "VER-4")
def test_a_link_works_only_for_its_purpose(system: System) -> None:
    person = system.person()
    registration = system.mail(person.email, "註冊").token
    reset = _reset_token(system, person.username, person.email)

    verified = system.confirm(reset)
    changed = system.visitor().post(
        "/password-resets/confirm", {"token": registration, "password": NEW_PASSWORD}
    )

    assert [(answer.status_code, answer.json()["code"]) for answer in (verified, changed)] == [
        (400, "link_invalid")
    ] * 2


@pytest.mark.rule("SEC-4", "VER-4")
def test_a_damaged_or_foreign_link_is_refused(system: System) -> None:
    person = system.register()
    token = system.mail(person.email).token
    ((account_id, value),) = system.rows("SELECT account_id, value FROM mail_links")
    foreign = SignedTokens([Secret(NEW_KEY)], system.clock).link(Purpose.REGISTRATION, account_id, value)

    damaged = [token[:-1], f"{token}x", token[1:], token.swapcase(), foreign, "", "x" * 1000]
    answers = [system.confirm(each) for each in damaged]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "link_invalid")}
    assert system.confirm(token).status_code == 200


@pytest.mark.rule("SEC-4")
def test_links_survive_a_key_rotation_as_long_as_the_old_key_is_configured(
    start_system: StartSystem,
) -> None:
    person = start_system().register()
    with_both_keys = start_system(IDENTITY_SECRET_KEYS=f"{NEW_KEY},{SIGNING_KEY}")
    with_new_key = start_system(IDENTITY_SECRET_KEYS=NEW_KEY)
    token = with_both_keys.mail(person.email).token

    assert with_new_key.confirm(token).status_code == 400
    assert with_both_keys.confirm(token).status_code == 200


@pytest.mark.rule("SEC-4", "LOGIN-8")
def test_a_reset_link_is_valid_for_an_hour_and_works_once(system: System) -> None:
    person = system.person()
    first = _reset_token(system, person.username, person.email)
    system.clock.advance(hours=1)
    late = system.visitor().post("/password-resets/confirm", {"token": first, "password": NEW_PASSWORD})
    second = _reset_token(system, person.username, person.email)

    used = [
        system.visitor().post("/password-resets/confirm", {"token": second, "password": password}).status_code
        for password in (NEW_PASSWORD, f"{NEW_PASSWORD}x")
    ]

    assert (late.status_code, late.json()["code"]) == (410, "link_expired")
    assert used == [204, 410]


@pytest.mark.rule("SEC-4", "VER-2", "LOGIN-8")
def test_opening_a_link_changes_nothing_and_following_it_logs_nobody_in(system: System) -> None:
    person = system.register()
    link = system.mail(person.email).link
    path = link.removeprefix("http://127.0.0.1:8000")
    browser = system.visitor().http

    pages = [browser.get(path) for _ in range(3)] + [browser.head(path)]
    unchanged = system.rows("SELECT email_verified_at FROM accounts WHERE id = :id", id=person.id)
    confirmed = system.confirm(link.partition("token=")[2])

    assert {page.status_code for page in pages} == {200}
    assert unchanged == [(None,)]
    assert confirmed.status_code == 200
    assert "token" not in confirmed.json()
    assert "set-cookie" not in confirmed.headers
    assert system.rows("SELECT 1 FROM sessions") == []


@pytest.mark.rule("SEC-4")
def test_the_stored_challenge_of_a_link_cannot_be_followed(
    system: System,
) -> None:
    person = system.register()
    token = system.mail(person.email).token
    ((value,),) = system.rows("SELECT value FROM mail_links")

    assert token not in str(system.rows("SELECT * FROM mail_links"))
    assert system.confirm(value).status_code == 400
    assert PASSWORD not in str(system.rows("SELECT * FROM accounts"))


@pytest.mark.rule("SEC-8")
def test_the_button_of_a_mailed_link_works_behind_a_tls_proxy(start_system: StartSystem) -> None:
    system = start_system()
    person = system.register()
    token = system.mail(person.email, "註冊通知信件").token
    browser = system.app.test_client()
    page = browser.get(f"/email/verify?token={token}", base_url="https://127.0.0.1").get_data(as_text=True)
    csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]

    done = browser.post(
        "/email/verify",
        data={"csrf_token": csrf, "token": token},
        base_url="https://127.0.0.1",
        follow_redirects=True,
    )

    assert done.status_code == 200
    assert system.rows(
        "SELECT 1 FROM accounts WHERE email_verified_at IS NOT NULL AND id = :id", id=person.id
    )
