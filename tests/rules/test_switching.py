"""A link account switches to a bound general account and back (SW-1 to SW-4, SW-6, SW-7)."""

import httpx
import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.system import System


def code_of(answer: httpx.Response) -> tuple[int, str]:
    status, body = answer.status_code, answer.json()
    return status, body.get("code", "")


@pytest.mark.rule("SW-1", "LOGIN-5")
def test_a_switched_session_has_the_general_accounts_rights_and_names_the_actor(system: System) -> None:
    person, general = system.person("link", name="陳港生"), system.person(name="王小花")
    link = system.logged_in(person)

    switched = link.switch(system.bind_and_verify(link, general)).json()
    session = link.get("/session").json()

    assert (switched["account"]["username"], switched["account"]["kind"]) == (general.username, "general")
    assert switched["actor"] == session["actor"] == {"username": person.username, "name": "陳港生"}
    assert session["rights"] == ["pass:apply", "pass:query", "pass:print"]
    assert session["account"]["name"] == "王小花"


@pytest.mark.rule("SW-1", "SEC-7")
def test_the_old_token_is_void_after_switching_and_after_going_back(system: System) -> None:
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, system.person())

    tokens = [str(link.token)]
    tokens += [str(visit.json()["token"]) for visit in (link.switch(binding), link.switch_back())]

    states = []
    for token in tokens:
        visitor = system.visitor()
        visitor.token = token
        states.append(visitor.get("/session").status_code)
    assert len(set(tokens)) == 3
    assert states == [401, 401, 200]


@pytest.mark.rule("SW-1", "SEC-7", "LOGIN-6")
def test_switching_and_going_back_do_not_lengthen_the_absolute_limit(system: System) -> None:
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, system.person())

    for _ in range(14):
        system.clock.advance(minutes=25)
        link.switch(binding)
        system.clock.advance(minutes=25)
        link.switch_back()
    last = link.get("/session").status_code
    system.clock.advance(minutes=20)

    assert (last, link.get("/session").status_code) == (200, 401)


@pytest.mark.rule("SW-1")
def test_a_switched_session_cannot_switch_again(system: System) -> None:
    link = system.logged_in(system.person("link"))
    first, second = (
        system.bind_and_verify(link, system.person()),
        system.bind_and_verify(link, system.person()),
    )
    acting = link.switch(first).json()["account"]

    answer = link.switch(second)

    assert code_of(answer) == (409, "already_switched")
    assert link.get("/session").json()["account"] == acting


@pytest.mark.rule("SW-1")
def test_switching_requires_an_own_verified_binding(system: System) -> None:
    link, other = system.logged_in(system.person("link")), system.logged_in(system.person("link"))
    general = system.person()
    unverified, removed = system.bind(link, general), system.bind_and_verify(link, system.person())
    foreign = system.bind_and_verify(other, system.person())
    link.delete(f"/bindings/{removed}")

    answers = [code_of(link.switch(binding)) for binding in (unverified, removed, foreign, "no-such")]
    of_general = code_of(system.logged_in(general).switch(unverified))

    assert answers == [(409, "not_verified"), (409, "not_verified"), (404, "not_found"), (404, "not_found")]
    assert of_general == (404, "not_found")


@pytest.mark.rule("SW-2")
def test_a_link_accounts_own_session_has_no_pass_rights(system: System) -> None:
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, system.person())

    rights = [link.get("/session").json()["rights"]]
    link.switch(binding)
    link.switch_back()
    rights.append(link.get("/session").json()["rights"])

    assert rights == [[], []]


@pytest.mark.rule("SW-3")
def test_going_back_needs_no_new_login_and_another_binding_can_be_chosen(system: System) -> None:
    person, second = system.person("link"), system.person()
    link = system.logged_in(person)
    bindings = system.bind_and_verify(link, system.person()), system.bind_and_verify(link, second)
    link.switch(bindings[0])

    back = link.switch_back()
    listed = link.get("/bindings").status_code
    again = link.switch(bindings[1])

    assert (back.status_code, back.json()["account"]["username"], listed) == (200, person.username, 200)
    assert "actor" not in back.json()
    assert again.json()["account"]["username"] == second.username


@pytest.mark.rule("SW-3")
def test_an_unswitched_session_cannot_go_back(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.logged_in(system.person())

    assert [code_of(visitor.switch_back()) for visitor in (link, general)] == [(409, "not_switched")] * 2


def forbidden(link: Visitor, binding: str) -> dict[str, httpx.Response]:
    """Return the answers to the calls that a switched session may not make."""
    profile = {"name": "陳港生", "email": "thief@example.com", "current_password": "x"}
    return {
        "read profile": link.get("/account"),
        "change profile": link.patch("/account", profile, **{"If-Match": '"1"'}),
        "change profile blindly": link.patch("/account", profile),
        "change password": link.put("/account/password", {"current": "x", "new": "Another-Rope-42?"}),
        "withdraw email": link.delete("/account/pending-email"),
        "read binding": link.get("/account/binding"),
        "end binding": link.delete("/account/binding"),
        "read sessions": link.get("/sessions"),
        "end sessions": link.delete("/sessions"),
        "end session": link.delete("/sessions/00000000-0000-4000-8000-000000000000"),
        "read bindings": link.get("/bindings"),
        "bind": link.post("/bindings", {"username": "someone", "password": "x"}),
        "verify": link.post(f"/bindings/{binding}/verify", {"code": "123456"}),
        "resend": link.post(f"/bindings/{binding}/code"),
        "unbind": link.delete(f"/bindings/{binding}"),
    }


@pytest.mark.rule("SW-4")
def test_the_general_accounts_own_settings_are_forbidden_while_switched(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    owner, binding = system.logged_in(general), system.bind_and_verify(link, general)
    link.switch(binding)
    before = owner.get("/account").json(), system.event_types(general.id)

    answers = forbidden(link, binding)

    refused = {name: code_of(answer) for name, answer in answers.items()}
    assert refused == dict.fromkeys(answers, (403, "while_switched"))
    assert (owner.get("/account").json(), system.event_types(general.id)) == before
    assert owner.get("/session").status_code == 200


@pytest.mark.rule("SW-6")
def test_a_general_account_can_log_in_while_a_link_account_is_switched_to_it(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    link.switch(system.bind_and_verify(link, general))

    owner = system.logged_in(general)

    session = owner.get("/session").json()
    assert (session["account"]["username"], "actor" in session) == (general.username, False)
    assert session["rights"] == ["pass:apply", "pass:query", "pass:print"]
    assert link.get("/session").status_code == 200


@pytest.mark.rule("SW-7", "LOGIN-3")
def test_a_switched_session_uses_the_link_accounts_consent_and_the_general_account_is_asked_at_login(
    system: System,
) -> None:
    link, general = system.logged_in(system.person("link")), system.person()

    switched = link.switch(system.bind_and_verify(link, general)).json()
    direct = system.visitor().log_in(general).json()

    assert (switched["next"], direct["next"]) == (None, "consent")
    assert system.rows("SELECT 1 FROM consents WHERE account_id = :id", id=general.id) == []
