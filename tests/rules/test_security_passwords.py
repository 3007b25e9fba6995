"""Password rules by profile, wherever a password is set (SEC-2)."""

import time
from itertools import pairwise

import httpx
import pytest
from identity.domain.password_policy import PasswordPolicy

from tests.support.actors.people import PASSWORD, Person, registration
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

OTHERS = ("Lantern-Quay-31!", "Ferry-Basalt-52?", "Gantry-Mango-86#")


def _codes(answer: httpx.Response) -> dict[str, str]:
    return {error["code"]: error["detail"] for error in answer.json().get("errors", [])}


def _change(system: System, person: Person, current: str, new: str) -> httpx.Response:
    visitor = system.visitor()
    visitor.log_in(person, password=current)
    visitor.accept_consents()
    return visitor.put("/account/password", {"current": current, "new": new})


@pytest.mark.rule("SEC-2", "PRO-4")
def test_the_last_three_passwords_cannot_be_reused_and_the_fourth_can(system: System) -> None:
    person = system.person()
    used = [PASSWORD, OTHERS[0], OTHERS[1]]
    for current, new in pairwise(used):
        assert _change(system, person, current, new).status_code == 204

    refused = [_change(system, person, used[-1], password) for password in used]
    _change(system, person, used[-1], OTHERS[2])
    back = _change(system, person, OTHERS[2], PASSWORD)

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (422, "password_reused")
    ] * 3
    assert back.status_code == 204


@pytest.mark.rule("SEC-2", "LOGIN-8")
def test_reset_and_change_apply_the_rules_of_registration(system: System) -> None:
    person = system.person()
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    token = system.mail(person.email, "密碼").token

    reset = system.visitor().post("/password-resets/confirm", {"token": token, "password": "Short-1"})
    personal = system.visitor().post(
        "/password-resets/confirm", {"token": token, "password": f"Xq7-{person.username}-Zw"}
    )
    changed = _change(system, person, PASSWORD, "Qwertyuiop-1234")
    same = system.visitor().post("/password-resets/confirm", {"token": token, "password": PASSWORD})

    assert [answer.status_code for answer in (reset, personal, changed, same)] == [422] * 4
    assert set(_codes(reset)) == {"password_too_short"}
    assert set(_codes(personal)) == {"password_personal"}
    assert set(_codes(changed)) == {"password_keyboard_run"}
    assert same.json()["code"] == "password_reused"


@pytest.mark.rule("SEC-2")
def test_the_nist_profile_requires_a_length_but_no_character_classes(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_PASSWORD_PROFILE="nist")

    short = system.visitor().post("/accounts", registration(password="Lantern-Quay-3"))
    phrase = system.visitor().post("/accounts", registration(password="lantern quay basalt mango"))
    common = system.visitor().post("/accounts", registration(password="passwordpassword"))

    assert (short.status_code, phrase.status_code, common.status_code) == (422, 202, 422)
    assert "15" in _codes(short)["password_too_short"]


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "password", ["Passw0rd-Sunshine1", "Kaohsiung2026!", "ji32k7au4a83A!", "Jonasbrothers1!"]
)
def test_guessable_passwords_are_refused(system: System, password: str) -> None:
    refused = system.visitor().post("/accounts", registration(password=password))

    assert refused.status_code == 422
    assert set(_codes(refused)) == {"password_common"}


@pytest.mark.rule("SEC-2")
def test_up_to_128_characters_of_any_script_are_accepted_after_normalization(system: System) -> None:
    many = "".join(chr(0x4E00 + 37 * n) for n in range(118))
    composed, decomposed = f"港口-Caf\u00e9-7{many}", f"港口-Cafe\u0301-7{many}"
    person = system.person(password=decomposed)

    logins = [system.visitor().log_in(person, password=each).status_code for each in (composed, decomposed)]
    too_long = system.visitor().post("/accounts", registration(password="Aa1-" * 33))

    assert logins == [201, 201]
    assert set(_codes(too_long)) == {"password_too_long"}


@pytest.mark.rule("SEC-2")
def test_a_password_field_may_be_pasted_into_and_filled_by_a_password_manager(system: System) -> None:
    person = system.person()
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    link = system.mail(person.email, "密碼").link

    page = system.visitor().http.get(link.removeprefix(PUBLIC_URL)).text

    assert 'autocomplete="new-password"' in page
    assert "onpaste" not in page


@pytest.mark.rule("SEC-1", "SEC-2", "SEC-13")
def test_a_password_of_only_substituted_letters_is_checked_quickly() -> None:
    password = ("4@({[<3!1|0$5+7%2" * 8)[:128]
    began = time.process_time()

    list(PasswordPolicy("tw-gov").errors(password))

    assert time.process_time() - began < 1.0  # zxcvbn takes twelve seconds for the whole password
