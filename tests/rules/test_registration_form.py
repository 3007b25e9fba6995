"""The registration form: accepted input and reported errors (REG-1, REG-2, REG-10 to REG-12)."""

from typing import Any

import pytest

from tests.support.actors.people import Visitor, registration
from tests.support.harness.system import System

FIELDS = {
    "/kind",
    "/username",
    "/name",
    "/mobile",
    "/email",
    "/password",
    "/company/tax_id",
    "/company/phone",
    "/company/name",
    "/company/address",
}


def errors(visitor: Visitor, sent: Any) -> dict[str, str]:
    """Register with wrong values; return the error code of each pointer."""
    answer = visitor.post("/accounts", sent)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (
        answer.text
    )
    assert answer.json()["code"] == "invalid_input"
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


@pytest.mark.rule("REG-1", "REG-2", "REG-12")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_each_kind_of_account_is_accepted_and_returned_as_sent(system: System, kind: str) -> None:
    sent = registration(kind)

    answer = system.visitor().post("/accounts", sent)

    assert answer.status_code == 202
    assert answer.json() == {
        "id": answer.json()["id"],
        "username": sent["username"],
        "kind": kind,
        "status": "email_unverified",
    }


@pytest.mark.rule("REG-1")
def test_an_unknown_kind_of_account_is_refused(system: System) -> None:
    assert errors(system.visitor(), registration("admin")) == {"/kind": "invalid_kind"}


@pytest.mark.rule("REG-2", "REG-11")
def test_all_missing_fields_are_reported_at_once(system: System) -> None:
    visitor = system.visitor()

    without_company = errors(visitor, {})
    without_anything = errors(visitor, {"company": {}})

    assert without_company == dict.fromkeys(
        {pointer for pointer in FIELDS if "company" not in pointer} | {"/company"}, "required"
    )
    assert without_anything == dict.fromkeys(FIELDS, "required")


@pytest.mark.rule("REG-2", "REG-11")
def test_all_empty_fields_are_reported_at_once(system: System) -> None:
    empty: dict[str, Any] = dict.fromkeys(registration(), "")
    empty["company"] = dict.fromkeys(registration()["company"], "")

    found = errors(system.visitor(), empty)

    assert set(found) == FIELDS


@pytest.mark.rule("REG-11")
def test_all_wrong_fields_are_reported_at_once_with_reasons_in_chinese(system: System) -> None:
    sent = registration(
        username="1",
        name="大明有限公司",
        mobile="1",
        email="nobody",
        password="short",
        company={"tax_id": "12345678", "phone": "1", "name": "大", "address": "鼓山區蓬萊路10號"},
    )

    reported = system.visitor().post("/accounts", sent).json()["errors"]

    assert {error["pointer"] for error in reported} == FIELDS - {"/kind"}
    assert all(any("\u4e00" <= char <= "\u9fff" for char in error["detail"]) for error in reported)


@pytest.mark.rule("REG-3", "REG-11")
def test_a_taken_name_is_reported_together_with_other_errors(system: System) -> None:
    taken = system.register()
    name = taken.username.upper()

    beside_a_field = errors(system.visitor(), registration(username=name, mobile="1"))
    beside_the_password = errors(system.visitor(), registration(username=name, password="short"))
    free = errors(system.visitor(), registration(mobile="1"))

    assert set(beside_a_field) == {"/username", "/mobile"}
    assert set(beside_the_password) == {"/username", "/password"}
    assert (beside_a_field["/username"], set(free)) == ("username_taken", {"/mobile"})


@pytest.mark.rule("REG-11", "SEC-13")
def test_a_value_of_the_wrong_type_is_reported_at_its_field(system: System) -> None:
    visitor = system.visitor()
    values: tuple[object, ...] = (1, True, None, [], {})

    found = [set(errors(visitor, {**registration(), "mobile": value})) for value in values]

    assert found == [{"/mobile"}] * len(values)


@pytest.mark.rule("REG-11", "SEC-13")
def test_an_unknown_field_is_reported(system: System) -> None:
    sent = registration(is_admin=True, company={"owner": "x"})

    found = errors(system.visitor(), sent)

    assert found == {"/is_admin": "unknown_field", "/company/owner": "unknown_field"}


@pytest.mark.rule("REG-10", "SEC-2")
def test_the_password_is_checked_against_personal_terms(system: System) -> None:
    visitor = system.visitor()
    own = {
        "username": "Xq7-{username}-vRm2",
        "name": "Xq7-錢大明-vRm2pTq",
        "mobile": "Xq7-0928374650-vRm",
        "email": "Xq7-harbour.master-vRm",
        "tax_id": "Xq7-04595257-vRm2p",
        "company": "Xq7-錢大明股份有限公司-vRm",
    }

    found = {}
    for word, password in own.items():
        sent = registration(email="harbour.master@example.com", mobile="0928374650")
        found[word] = errors(visitor, {**sent, "password": password.format(**sent)})

    assert found == {word: {"/password": "password_personal"} for word in own}


@pytest.mark.rule("REG-10", "SEC-2")
@pytest.mark.parametrize(("profile", "status"), [("tw-gov", 422), ("nist", 202)])
def test_the_setting_selects_the_password_profile(start_system: Any, profile: str, status: int) -> None:
    system = start_system(IDENTITY_PASSWORD_PROFILE=profile)

    answer = system.visitor().post("/accounts", registration(password="kxvrmptqlwznhdg"))

    assert answer.status_code == status


@pytest.mark.rule("REG-11")
def test_a_refused_registration_stores_nothing(system: System) -> None:
    errors(system.visitor(), registration(mobile="1"))

    assert system.rows("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM outbox") == []
