"""Suspending, reinstating and closing an account by command (OPS-2)."""

import pytest

from tests.support.actors.people import registration
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


@pytest.mark.rule("OPS-2")
def test_suspending_ends_sessions_and_only_the_right_password_shows_the_reason(
    system: System,
) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    done = invoke(system, "accounts", "suspend", person.username, "--reason", "因故")

    assert (done.exit_code, done.stdout) == (0, f"{person.username}: suspended\n")
    assert visitor.get("/session").status_code == 401
    right, wrong = (
        system.visitor().log_in(person),
        system.visitor().log_in(person, password="Wrong-Crane-88!"),
    )
    assert (right.status_code, right.json()["code"]) == (403, "account_suspended")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    assert system.event_types(person.id)[-1] == "account.suspended"


@pytest.mark.rule("OPS-2", "LOGIN-2", "SEC-11")
def test_the_right_password_of_a_suspended_account_never_counts_as_a_failure(
    system: System,
) -> None:
    person, visitor = system.person(), system.visitor()
    invoke(system, "accounts", "suspend", person.username, "--reason", "因故")

    answers = [visitor.log_in(person).json()["code"] for _ in range(6)]

    assert answers == ["account_suspended"] * 6
    # recorded once a minute
    assert len(system.audit("session.refused")) == 1


@pytest.mark.rule("OPS-2", "SW-5")
def test_suspending_a_general_account_ends_its_switched_sessions_and_stops_switching(system: System) -> None:
    general = system.person()
    link_person = system.person("link")
    acting, other = system.logged_in(link_person), system.logged_in(link_person)
    binding = system.bind_and_verify(acting, general)
    acting.switch(binding)

    invoke(system, "accounts", "suspend", general.username, "--reason", "因故")
    refused = other.switch(binding)

    assert acting.get("/session").status_code == 401
    assert (refused.status_code, refused.json()["code"]) == (409, "not_verified")


@pytest.mark.rule("OPS-2")
def test_suspending_a_link_account_ends_its_switched_sessions(system: System) -> None:
    link_person = system.person("link")
    link = system.logged_in(link_person)
    general = system.person()
    link.switch(system.bind_and_verify(link, general))

    invoke(system, "accounts", "suspend", link_person.username, "--reason", "因故")

    assert link.get("/session").status_code == 401
    assert system.visitor().log_in(general).status_code == 201


@pytest.mark.rule("OPS-2")
def test_a_reinstated_account_can_log_in_and_be_switched_to_again(system: System) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    invoke(system, "accounts", "suspend", general.username, "--reason", "因故")

    done = invoke(system, "accounts", "reinstate", general.username, "--reason", "因故")

    assert (done.exit_code, done.stdout) == (0, f"{general.username}: active\n")
    assert system.visitor().log_in(general).status_code == 201
    assert link.switch(binding).status_code == 200


@pytest.mark.rule("OPS-2", "BIND-6")
def test_the_code_of_a_suspended_account_works_only_after_reinstatement(
    system: System,
) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding = system.bind(link, general)
    right = {"code": system.mail(general.email, "驗證碼").code}
    invoke(system, "accounts", "suspend", general.username, "--reason", "因故")

    refused = [link.post(f"/bindings/{binding}/verify", right) for _ in range(6)]
    invoke(system, "accounts", "reinstate", general.username, "--reason", "因故")
    verified = link.post(f"/bindings/{binding}/verify", right)

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(422, "not_bindable")}
    assert (verified.status_code, verified.json()["status"]) == (200, "verified")


@pytest.mark.rule("OPS-2")
def test_a_session_ended_by_suspension_stays_ended_after_reinstatement(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    invoke(system, "accounts", "suspend", person.username, "--reason", "因故")
    invoke(system, "accounts", "reinstate", person.username, "--reason", "因故")

    assert visitor.get("/session").status_code == 401


@pytest.mark.rule("OPS-1", "EVT-1")
def test_closing_an_account_ends_its_sessions_and_bindings_and_frees_its_name(system: System) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    link.switch(binding)

    done = invoke(system, "accounts", "close", general.username, "--reason", "因故")
    again = system.visitor().post("/accounts", registration(username=general.username, email=general.email))

    assert (done.exit_code, done.stdout) == (0, f"{general.username}: closed\n")
    assert link.get("/session").status_code == 401
    assert system.event_types(general.id)[-2:] == ["binding.removed", "account.closed"]
    assert system.events(general.id)[-1].data == {"reason": "operator"}
    assert again.status_code == 202
