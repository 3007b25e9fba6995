"""Either side can end a binding, and the accounts can be bound again (UNB-1 to UNB-5)."""

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.harness.system import System


def rows(link: Visitor) -> list[tuple[str, str, str | None]]:
    items = link.get("/bindings").json()["items"]
    return sorted((row["account"]["username"], row["status"], row["removed_reason"]) for row in items)


def own(general: Visitor) -> dict[str, object]:
    return dict(general.get("/account/binding").json())


@pytest.mark.rule("UNB-1", "UNB-4")
@pytest.mark.parametrize("verified", [False, True])
def test_a_link_account_ends_a_binding_which_disappears_from_its_list(
    system: System, *, verified: bool
) -> None:
    link, general, kept = system.logged_in(system.person("link")), system.person(), system.person()
    system.bind_and_verify(link, kept)
    binding = (system.bind_and_verify if verified else system.bind)(link, general)

    ended = link.delete(f"/bindings/{binding}")

    assert ended.status_code == 204
    assert rows(link) == [(kept.username, "verified", None)]
    assert own(system.logged_in(general)) == {"status": "none"}


@pytest.mark.rule("UNB-2", "UNB-3")
@pytest.mark.parametrize("verified", [False, True])
def test_a_general_account_ends_a_binding_verified_or_not(system: System, *, verified: bool) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    (system.bind_and_verify if verified else system.bind)(link, general)
    owner = system.logged_in(general)

    ended, again = owner.delete("/account/binding"), owner.delete("/account/binding")

    assert (ended.status_code, again.status_code) == (204, 404)
    assert own(owner) == {"status": "none"}
    assert rows(link) == [(general.username, "removed", "general")]


@pytest.mark.rule("UNB-3")
def test_a_general_account_sees_who_bound_it_and_when(system: System) -> None:
    person = system.person("link", name="陳港生", company={"name": "海運股份有限公司"})
    link, general = system.logged_in(person), system.person()
    owner = system.logged_in(general)
    began = f"{system.clock.now():%Y-%m-%dT%H:%M:%SZ}"

    states = [own(owner)]
    binding = system.bind(link, general)
    states.append(own(owner))
    system.clock.advance(minutes=3)
    link.post(f"/bindings/{binding}/verify", {"code": system.mail(general.email, "驗證碼").code})
    states.append(own(owner))

    asker = {"username": person.username, "name": "陳港生", "company_name": "海運股份有限公司"}
    proven = f"{system.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert states == [
        {"status": "none"},
        {"status": "unverified", "link": asker, "requested_at": began, "verified_at": None},
        {"status": "verified", "link": asker, "requested_at": began, "verified_at": proven},
    ]


@pytest.mark.rule("UNB-3")
def test_a_link_account_cannot_request_who_bound_it(system: System) -> None:
    link = system.logged_in(system.person("link"))

    answers = [link.get("/account/binding"), link.delete("/account/binding")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "wrong_kind")] * 2


@pytest.mark.rule("UNB-4")
def test_a_link_account_sees_an_ended_binding_until_it_dismisses_it(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind_and_verify(link, general)
    system.logged_in(general).delete("/account/binding")
    events = system.event_types(general.id)

    (shown,) = link.get("/bindings").json()["items"]
    dismissed, again = link.delete(f"/bindings/{binding}"), link.delete(f"/bindings/{binding}")

    assert (shown["status"], shown["removed_reason"], shown["removed_at"] is None) == (
        "removed", "general", False,
    )  # fmt: skip
    assert shown["account"].get("email_masked") is None
    assert (dismissed.status_code, again.status_code, rows(link)) == (204, 204, [])
    assert system.event_types(general.id) == events


@pytest.mark.rule("UNB-5", "BIND-6")
def test_after_unbinding_the_account_can_be_bound_again_with_a_new_code(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    old = system.mail(general.email, "驗證碼").code
    system.logged_in(general).delete("/account/binding")
    system.clock.advance(seconds=60)

    again = system.bind(link, general)
    new = system.mail(general.email, "驗證碼", count=2).code
    voided = link.post(f"/bindings/{binding}/verify", {"code": old})
    verified = link.post(f"/bindings/{again}/verify", {"code": new})

    assert (voided.status_code, verified.status_code) == (404, 200)
    assert rows(link) == [(general.username, "verified", None)]


@pytest.mark.rule("UNB-5", "BIND-4")
def test_after_unbinding_another_link_account_may_bind(system: System) -> None:
    first, second = (system.logged_in(system.person("link")) for _ in range(2))
    general = system.person()
    first.delete(f"/bindings/{system.bind_and_verify(first, general)}")
    system.clock.advance(seconds=60)

    binding = system.bind(second, general)
    code = system.mail(general.email, "驗證碼", count=2).code

    assert second.post(f"/bindings/{binding}/verify", {"code": code}).json()["status"] == "verified"


@pytest.mark.rule("UNB-1", "SW-5")
def test_an_ended_binding_cannot_be_verified_resent_or_switched_to(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind_and_verify(link, general)
    system.logged_in(general).delete("/account/binding")
    system.clock.advance(minutes=2)

    answers = [
        link.post(f"/bindings/{binding}/verify", {"code": "123456"}),
        link.post(f"/bindings/{binding}/code"),
        link.switch(binding),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 409]


def reset(system: System, person: Person) -> None:
    visitor = system.visitor()
    visitor.post("/password-resets", {"username": person.username, "email": person.email})
    token = system.mail(person.email, "密碼").token
    new = {"token": token, "password": "Lighthouse-Rope-42?"}
    assert visitor.post("/password-resets/confirm", new).status_code == 204


@pytest.mark.rule("UNB-5")
def test_a_general_accounts_password_reset_ends_its_binding(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    system.bind_and_verify(link, general)

    reset(system, general)

    assert rows(link) == [(general.username, "removed", "password_reset")]


@pytest.mark.rule("UNB-5")
def test_a_link_accounts_password_reset_leaves_its_bindings(system: System) -> None:
    person, general = system.person("link"), system.person()
    system.bind_and_verify(system.logged_in(person), general)

    reset(system, person)

    assert own(system.logged_in(general))["status"] == "verified"


@pytest.mark.rule("UNB-5")
@pytest.mark.parametrize(("requested", "after"), [(True, "none"), (False, "verified"), (None, "verified")])
def test_a_password_change_ends_the_binding_only_on_request(
    system: System, *, requested: bool | None, after: str
) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    system.bind_and_verify(link, general)
    owner = system.logged_in(general)
    body = {} if requested is None else {"end_binding": requested}

    changed = owner.put(
        "/account/password", {"current": general.password, "new": "Lighthouse-Rope-42?", **body}
    )

    assert changed.status_code == 204
    assert own(owner)["status"] == after
