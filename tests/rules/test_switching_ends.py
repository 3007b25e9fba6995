"""The end of a binding, or of the right to use it, ends its switched sessions at once (SW-5, OPS-2)."""

from collections.abc import Callable

import pytest
from identity.usecases import operator_decisions

from tests.support.actors.people import Person, Visitor
from tests.support.harness.system import System

End = Callable[[System, Person, Person, str], None]


def by_link(system: System, link: Person, _general: Person, binding: str) -> None:
    assert system.logged_in(link).delete(f"/bindings/{binding}").status_code == 204


def by_general(system: System, _link: Person, general: Person, _binding: str) -> None:
    assert system.logged_in(general).delete("/account/binding").status_code == 204


def by_password_reset(system: System, _link: Person, general: Person, _binding: str) -> None:
    visitor = system.visitor()
    visitor.post("/password-resets", {"username": general.username, "email": general.email})
    token = system.mail(general.email, "密碼").token
    new = {"token": token, "password": "Lighthouse-Rope-42?"}
    assert visitor.post("/password-resets/confirm", new).status_code == 204


def by_password_change(system: System, _link: Person, general: Person, _binding: str) -> None:
    change = {"current": general.password, "new": "Lighthouse-Rope-42?", "end_binding": True}
    assert system.logged_in(general).put("/account/password", change).status_code == 204


def by_closing(which: int) -> End:
    def end(system: System, link: Person, general: Person, _binding: str) -> None:
        with system.app.app_context():
            operator_decisions.close(system.ports, (link, general)[which].username)

    return end


def by_suspending(which: int) -> End:
    def end(system: System, link: Person, general: Person, _binding: str) -> None:
        with system.app.app_context():
            operator_decisions.suspend(system.ports, (link, general)[which].username)

    return end


ENDS = {
    "the link account unbinds": by_link,
    "the general account unbinds": by_general,
    "the general account's password is reset": by_password_reset,
    "the general account's password is changed and the binding ended": by_password_change,
    "the link account is closed": by_closing(0),
    "the general account is closed": by_closing(1),
    "the link account is suspended": by_suspending(0),
    "the general account is suspended": by_suspending(1),
}


def acting(system: System, link: Person, binding: str) -> Visitor:
    visitor = system.logged_in(link)
    assert visitor.switch(binding).status_code == 200
    return visitor


@pytest.mark.rule("SW-5", "OPS-2")
@pytest.mark.parametrize("cause", ENDS)
def test_every_session_switched_through_the_binding_ends_at_once(system: System, cause: str) -> None:
    link, general = system.person("link"), system.person()
    binding = system.bind_and_verify(system.logged_in(link), general)
    sessions = [acting(system, link, binding) for _ in range(2)]

    ENDS[cause](system, link, general, binding)

    assert [session.get("/session").status_code for session in sessions] == [401, 401]
    assert [session.switch_back().status_code for session in sessions] == [401, 401]
    assert system.rows("SELECT 1 FROM sessions WHERE binding_id = :id", id=binding) == []


@pytest.mark.rule("SW-5")
def test_the_link_accounts_other_sessions_and_bindings_continue(system: System) -> None:
    link, general, other = system.person("link"), system.person(), system.person()
    own = system.logged_in(link)
    ended, kept = system.bind_and_verify(own, general), system.bind_and_verify(own, other)
    elsewhere = acting(system, link, kept)

    by_general(system, link, general, ended)

    assert own.get("/session").status_code == 200
    assert elsewhere.get("/session").json()["account"]["username"] == other.username


@pytest.mark.rule("OPS-2", "SW-1")
def test_a_suspended_account_cannot_be_switched_to_until_reinstated(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind_and_verify(link, general)

    with system.app.app_context():
        operator_decisions.suspend(system.ports, general.username)
    suspended = link.switch(binding)
    with system.app.app_context():
        operator_decisions.reinstate(system.ports, general.username)

    assert (suspended.status_code, suspended.json()["code"]) == (409, "not_verified")
    assert link.switch(binding).status_code == 200
