"""A binding is requested with the general account's password, and refused for many accounts (BIND-1 to BIND-5)."""

import pytest

from tests.support.actors.failed_logins import WRONG
from tests.support.actors.people import Person, Visitor, unique
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

PHONE = "07-1234567#12"


def ask(link: Visitor, username: str, password: str) -> tuple[int, str]:
    answer = link.post("/bindings", {"username": username, "password": password})
    return answer.status_code, answer.json().get("code", "")


def ask_for(link: Visitor, person: Person) -> tuple[int, str]:
    return ask(link, person.username, person.password)


def only(link: Visitor) -> dict[str, object]:
    (row,) = link.get("/bindings").json()["items"]
    return dict(row)


@pytest.mark.rule("BIND-1", "BIND-2", "BIND-5")
def test_a_new_binding_is_listed_unverified_with_company_and_masked_mailbox(
    system: System,
) -> None:
    link = system.logged_in(system.person("link"))
    name = f"bound{unique()}"
    general = system.person(
        username=name,
        email=f"{name}@example.com",
        name="王小花",
        company={"phone": PHONE, "name": "小花有限公司"},
    )

    made = link.post("/bindings", {"username": general.username, "password": general.password})

    assert (made.status_code, made.json()) == (201, only(link))
    assert made.json()["status"] == "unverified"
    assert made.json()["account"] == {
        "username": name,
        "tax_id": general.tax_id,
        "name": "王小花",
        "company_name": "小花有限公司",
        "company_phone": PHONE,
        "email_masked": f"b***{name[-1]}@example.com",
    }


@pytest.mark.rule("BIND-1", "BIND-4", "BIND-5")
def test_a_link_account_has_any_number_of_bindings_each_with_its_own_state(system: System) -> None:
    link = system.logged_in(system.person("link"))
    people = [system.person() for _ in range(4)]

    for person in people[:2]:
        system.bind_and_verify(link, person)
    for person in people[2:]:
        system.bind(link, person)

    rows = link.get("/bindings").json()["items"]
    assert sorted(row["account"]["username"] for row in rows) == sorted(person.username for person in people)
    assert sorted(row["status"] for row in rows) == ["unverified", "unverified", "verified", "verified"]
    assert [row["code_expires_at"] is None for row in rows] == [row["status"] == "verified" for row in rows]


@pytest.mark.rule("BIND-3")
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(system: System) -> None:
    link = system.logged_in(system.person("link"))

    answers = [
        link.post("/bindings", {"username": name, "password": WRONG}).json()
        for name in (system.person().username, f"nobody{unique()}")
    ]

    assert answers[0] == answers[1]
    assert (answers[0]["status"], answers[0]["code"]) == (401, "bad_credentials")


@pytest.mark.rule("BIND-3")
def test_link_accounts_and_unverified_accounts_cannot_be_bound(system: System) -> None:
    link = system.logged_in(system.person("link"))

    answers = [ask_for(link, person) for person in (system.person("link"), system.register())]

    assert answers == [(422, "not_bindable")] * 2
    assert link.get("/bindings").json()["items"] == []


@pytest.mark.rule("BIND-3", "REV-1")
def test_an_account_that_awaits_review_cannot_be_bound(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="general")
    link = system.logged_in(system.person("link"))

    assert ask_for(link, system.person()) == (422, "not_bindable")


@pytest.mark.rule("BIND-3", "OPS-2")
def test_a_suspended_account_cannot_be_bound(system: System) -> None:
    from identity.usecases import operator_decisions

    link, general = system.logged_in(system.person("link")), system.person()
    with system.app.app_context():
        operator_decisions.suspend(system.ports, general.username)

    assert ask_for(link, general) == (422, "not_bindable")


@pytest.mark.rule("BIND-3", "BIND-4")
@pytest.mark.parametrize("verified", [False, True])
def test_an_already_bound_account_is_refused_without_naming_the_link_account(
    system: System, *, verified: bool
) -> None:
    here, elsewhere = (system.logged_in(system.person("link")) for _ in range(2))
    general = system.person()
    (system.bind_and_verify if verified else system.bind)(here, general)

    again, other = (
        visitor.post("/bindings", {"username": general.username, "password": general.password})
        for visitor in (here, elsewhere)
    )

    assert (again.status_code, again.json()["code"], again.json()["here"]) == (409, "already_bound", True)
    assert (other.status_code, other.json()["code"], other.json()["here"]) == (409, "already_bound", False)
    assert len(here.get("/bindings").json()["items"]) == 1
    assert elsewhere.get("/bindings").json()["items"] == []


@pytest.mark.rule("BIND-3")
def test_a_wrong_password_reveals_nothing_about_a_bound_account(system: System) -> None:
    here, elsewhere = (system.logged_in(system.person("link")) for _ in range(2))
    general = system.person()
    system.bind_and_verify(here, general)

    assert ask(elsewhere, general.username, WRONG) == (401, "bad_credentials")


@pytest.mark.rule("BIND-2", "LOGIN-4")
def test_a_general_account_cannot_bind(system: System) -> None:
    general = system.logged_in(system.person())

    assert ask_for(general, system.person()) == (403, "wrong_kind")
    assert general.get("/bindings").status_code == 403


@pytest.mark.rule("BIND-3")
def test_the_binding_of_another_link_account_is_not_found(system: System) -> None:
    owner, other = (system.logged_in(system.person("link")) for _ in range(2))
    binding = system.bind(owner, system.person())

    answers = [
        other.post(f"/bindings/{binding}/verify", {"code": "123456"}),
        other.post(f"/bindings/{binding}/code"),
        other.delete(f"/bindings/{binding}"),
        other.post("/session/switch", {"binding_id": binding}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 4
    assert only(owner)["status"] == "unverified"
