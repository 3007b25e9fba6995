"""The parameters `prompt`, `max_age` and hints, and the choice of the company (OIDC-5, OIDC-6, OIDC-7)."""

import json
from dataclasses import dataclass

import pytest

from tests.support.actors.authorization_browser import ServiceBrowser
from tests.support.actors.oidc_clients import register_oidc_client
from tests.support.actors.people import Person
from tests.support.harness.system import System


def sub(account: Person, **more: object) -> str:
    """Return a `claims` parameter that requests this account."""
    return json.dumps({"id_token": {"sub": {"value": account.id, **more}}})


def granted(system: System) -> list[tuple[str, str]]:
    """Return holder and account of each grant, sorted."""
    return sorted(tuple(row) for row in system.rows("SELECT holder_id, account_id FROM grants"))


@pytest.mark.rule("OIDC-5")
@pytest.mark.parametrize(
    ("parameters", "answers"),
    [
        ({}, "login"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none", "max_age": "0"}, "login_required"),
        ({"prompt": "login"}, "login"),
        ({"prompt": "select_account"}, "login"),
        ({"prompt": "consent"}, "login"),
    ],
)
def test_the_outcome_of_each_prompt_without_a_login(
    system: System, parameters: dict[str, str], answers: str
) -> None:
    client = register_oidc_client(system).name

    assert ServiceBrowser(system).authorize(client, **parameters).outcome == answers


@pytest.mark.rule("OIDC-5")
def test_the_outcome_of_each_parameter_for_a_general_account(system: System) -> None:
    client, person, other = register_oidc_client(system).name, system.person(), system.person()
    browser = ServiceBrowser(system, system.logged_in(person))
    system.clock.advance(seconds=100)
    expected = {
        (): "code",
        ("prompt=none",): "code",
        ("prompt=login",): "login",
        ("prompt=login consent",): "login",
        ("prompt=select_account",): "company",
        ("prompt=consent",): "consent",
        ("max_age=100",): "code",
        ("max_age=99",): "login",
        ("max_age=0",): "login",
        ("prompt=none", "max_age=99"): "login_required",
        ("prompt=none", "max_age=100"): "code",
        ("prompt=none", f"login_hint={person.username}"): "code",
        ("prompt=none", f"claims={sub(person)}"): "code",
        (f"claims={sub(other)}",): "login_required",
        ("prompt=none", f"claims={sub(other, essential=True)}"): "login_required",
    }

    outcomes = {
        parameters: browser.authorize(client, **dict(each.split("=", 1) for each in parameters)).outcome
        for parameters in expected
    }

    assert outcomes == expected
    assert set(granted(system)) == {(person.id, person.id)}


@dataclass(frozen=True)
class Holder:
    """A logged-in link account and its companies."""

    system: System
    client: str
    person: Person
    browser: ServiceBrowser
    companies: list[Person]
    bindings: list[str]

    def outcome(self, **parameters: str | None) -> str:
        return self.browser.authorize(self.client, **parameters).outcome


def holder(system: System, *, companies: int, **registration: object) -> Holder:
    client = register_oidc_client(system, **registration).name
    link = system.person("link")
    visitor = system.logged_in(link)
    people = [system.person() for _ in range(companies)]
    bindings = [system.bind_and_verify(visitor, each) for each in people]
    return Holder(system, client, link, ServiceBrowser(system, visitor), people, bindings)


@pytest.mark.rule("OIDC-5", "OIDC-6")
def test_a_link_account_without_a_company_cannot_continue(system: System) -> None:
    link = holder(system, companies=0)

    page = link.browser.authorize(link.client)

    assert (page.outcome, "沒有可使用的公司" in page.text) == ("200", True)
    assert link.outcome(prompt="none") == "interaction_required"
    assert link.outcome(prompt="none", claims=sub(system.person())) == "account_selection_required"
    assert page.cancel().error == "access_denied"


@pytest.mark.rule("OIDC-6")
def test_a_single_usable_company_is_chosen_automatically(system: System) -> None:
    link = holder(system, companies=2)
    system.logged_in(link.companies[1]).delete("/account/binding")
    (company, former) = link.companies

    outcomes = [
        link.outcome(),
        link.outcome(prompt="none"),
        link.outcome(prompt="none", login_hint=former.username),
        link.outcome(prompt="none", claims=sub(former)),
        link.outcome(claims=sub(link.person)),
        link.outcome(prompt="select_account"),
    ]

    refused = "account_selection_required"
    assert outcomes == ["code", "code", "code", refused, refused, "company"]
    assert set(granted(system)) == {(link.person.id, company.id)}
    assert system.rows("SELECT DISTINCT binding_id FROM grants") == [(link.bindings[0],)]


@pytest.mark.rule("OIDC-5", "OIDC-6")
def test_several_companies_lead_to_the_chooser(system: System) -> None:
    link = holder(system, companies=3)
    _, second, third = link.companies

    page = link.browser.authorize(link.client)
    silent = link.outcome(prompt="none")
    hinted = [
        link.outcome(prompt="none", login_hint=third.username.upper()),
        link.outcome(prompt="none", claims=sub(third)),
        link.outcome(login_hint="nobody"),
        link.outcome(prompt="select_account", login_hint=third.username),
    ]
    before = granted(system)
    system.clock.advance(seconds=1)
    answer = page.choose(second.id)

    assert sorted(page.choices) == sorted(each.id for each in link.companies)
    assert (silent, hinted) == ("account_selection_required", ["code", "code", "company", "company"])
    assert before == [(link.person.id, third.id)] * 2
    assert (answer.outcome, (link.person.id, second.id) in granted(system)) == ("code", True)
    assert link.browser.authorize(link.client).choices[0] == second.id
    session = link.browser.http.get("/api/v1/session").json()
    assert session["account"]["username"] == link.person.username


@pytest.mark.rule("OIDC-6")
def test_only_an_offered_account_can_be_chosen(system: System) -> None:
    link, stranger = holder(system, companies=2), system.person()
    page = link.browser.authorize(link.client)
    for_one = link.browser.authorize(link.client, prompt="select_account", claims=sub(link.companies[0]))

    outcomes = [page.choose(each).outcome for each in (stranger.id, link.person.id, "", "x" * 500)]

    assert (outcomes, for_one.choices) == (["company"] * 4, [link.companies[0].id])
    assert granted(system) == []


@pytest.mark.rule("OIDC-6", "OIDC-8")
def test_a_company_unbound_during_the_choice_is_not_accepted(system: System) -> None:
    link = holder(system, companies=3)
    page = link.browser.authorize(link.client)
    system.logged_in(link.companies[0]).delete("/account/binding")

    again = page.choose(link.companies[0].id)

    assert (again.outcome, sorted(again.choices)) == (
        "company",
        sorted(each.id for each in link.companies[1:]),
    )
    assert granted(system) == []


@pytest.mark.rule("OIDC-6")
def test_a_switched_session_acts_for_its_company_without_a_question(system: System) -> None:
    link = holder(system, companies=2)
    link.browser.visitor.switch(link.bindings[1])
    link.browser.take_session()

    outcomes = [
        link.outcome(),
        link.outcome(prompt="none"),
        link.outcome(prompt="select_account"),
        link.outcome(prompt="none", claims=sub(link.companies[0])),
    ]

    first, second = ((link.person.id, each.id) for each in link.companies)
    assert outcomes == ["code", "code", "company", "code"]
    assert granted(system) == sorted([second, second, first])


@pytest.mark.rule("OIDC-7")
def test_the_link_account_is_offered_to_clients_that_accept_link_accounts(system: System) -> None:
    link = holder(system, companies=1, accepts=("general", "link"))

    automatic = link.outcome(prompt="none")
    named = link.outcome(prompt="none", claims=sub(link.person))
    page = link.browser.authorize(link.client, prompt="select_account")
    answer = page.choose(link.person.id)

    own, company = (link.person.id, link.person.id), (link.person.id, link.companies[0].id)
    assert (automatic, named, answer.outcome) == ("code", "code", "code")
    assert ("不代表公司" in page.text, page.choices) == (True, [company[1], own[1]])
    assert granted(system) == sorted([company, own, own])
    assert system.rows("SELECT binding_id FROM grants WHERE account_id = holder_id") == [(None,)] * 2


@pytest.mark.rule("OIDC-7")
def test_a_link_account_without_a_company_acts_as_itself_if_the_client_accepts_link_accounts(
    system: System,
) -> None:
    link = holder(system, companies=0, accepts=("link",))
    general = ServiceBrowser(system, system.logged_in(system.person()))

    assert (link.outcome(prompt="none"), granted(system)) == ("code", [(link.person.id, link.person.id)])
    assert "沒有可使用的公司" in general.authorize(link.client).text
    assert general.authorize(link.client, prompt="none").outcome == "interaction_required"


@pytest.mark.rule("OIDC-5")
@pytest.mark.parametrize("parameters", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "5"}])
def test_a_new_login_is_required_and_its_time_is_used(system: System, parameters: dict[str, str]) -> None:
    client, person = register_oidc_client(system).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))
    if parameters.get("max_age") == "5":  # the other parameters require a new login at once
        system.clock.advance(seconds=6)

    page = browser.authorize(client, **parameters)
    skipped = browser.open(page.path.removesuffix("/login"))
    system.clock.advance(seconds=6)
    answer = page.log_in(person)

    assert (page.outcome, skipped.outcome, answer.outcome) == ("login", "login", "code")
    ((auth_time, created_at),) = system.rows("SELECT auth_time, created_at FROM grants")
    assert auth_time == created_at


def id_token(system: System, client: str, account: Person, **changes: object) -> str:
    """Return an expired ID token for the account."""
    claims = {"iss": system.ports.rules.public_url, "aud": client, "sub": account.id, "exp": 1, **changes}
    return system.ports.signer.sign(claims, token_type="JWT", algorithm="RS256")


@pytest.mark.rule("OIDC-6")
def test_an_expired_id_token_hint_still_selects_a_company(system: System) -> None:
    link = holder(system, companies=2)
    first, second = link.companies
    hints = {
        "own": id_token(system, link.client, second),
        "unusable": id_token(system, link.client, system.person()),
        "of another client": id_token(system, "another", second),
        "of another server": id_token(system, link.client, second, iss="https://other.example"),
        "damaged": id_token(system, link.client, second)[:-9],
    }

    outcomes = {name: link.outcome(prompt="none", id_token_hint=hint) for name, hint in hints.items()}
    contradicting = link.outcome(prompt="none", id_token_hint=hints["own"], claims=sub(first))

    assert outcomes == {
        "own": "code",
        "unusable": "account_selection_required",
        "of another client": "invalid_request",
        "of another server": "invalid_request",
        "damaged": "invalid_request",
    }
    assert contradicting == "account_selection_required"
    assert granted(system) == [(link.person.id, second.id)]


@pytest.mark.rule("OIDC-5", "OIDC-6")
def test_a_login_of_another_person_than_requested_is_an_error(system: System) -> None:
    client, person, other = register_oidc_client(system).name, system.person(), system.person()
    for each in (person, other):
        system.logged_in(each)

    named = ServiceBrowser(system).authorize(client, claims=sub(person)).log_in(other)
    unnamed = ServiceBrowser(system).authorize(client, login_hint=person.username).log_in(other)

    assert (named.outcome, unnamed.outcome) == ("login_required", "code")
    assert granted(system) == [(other.id, other.id)]


@pytest.mark.rule("OIDC-5")
def test_an_open_step_ends_a_request_with_prompt_none(system: System) -> None:
    client, person = register_oidc_client(system).name, system.register()
    visitor = system.visitor()
    visitor.log_in(person)

    assert ServiceBrowser(system, visitor).authorize(client, prompt="none").outcome == "interaction_required"


@pytest.mark.rule("OIDC-5")
def test_several_prompts_are_shown_one_after_the_other(system: System) -> None:
    link = holder(system, companies=2)

    login = link.browser.authorize(link.client, prompt="login select_account consent")
    company = login.log_in(link.person)
    consent = company.choose(link.companies[1].id)
    answer = consent.agree()

    pages = [login, company, consent, answer]
    assert [each.outcome for each in pages] == ["login", "company", "consent", "code"]
    assert granted(system) == [(link.person.id, link.companies[1].id)]


@pytest.mark.rule("OIDC-5")
def test_a_new_login_of_the_same_person_keeps_other_services_logged_in(system: System) -> None:
    first, second = (
        register_oidc_client(system, backchannel_uri="https://pass.example/out") for _ in range(2)
    )
    person, other = system.person(), system.person()
    system.logged_in(other)
    browser = ServiceBrowser(system, system.logged_in(person))
    browser.authorize(first.name)

    browser.authorize(second.name, prompt="login").log_in(person)
    kept = system.rows("SELECT client, session_id FROM grants WHERE ended_at IS NULL")
    ((session_id,),) = system.rows("SELECT id FROM sessions WHERE holder_id = :id", id=person.id)
    browser.authorize(second.name, prompt="login").log_in(other)

    assert set(kept) == {(first.name, session_id), (second.name, session_id)}
    assert system.rows("SELECT holder_id FROM grants WHERE ended_at IS NULL") == [(other.id,)]
    assert system.rows("SELECT count(*) FROM logouts") == [(2,)]


@pytest.mark.rule("OIDC-5")
def test_an_old_login_of_another_browser_does_not_count_as_a_new_login(system: System) -> None:
    client = register_oidc_client(system).name
    old = ServiceBrowser(system, system.logged_in(system.person()))
    system.clock.advance(seconds=6)

    page = ServiceBrowser(system).authorize(client, prompt="login")

    assert old.open(page.path.removesuffix("/login")).outcome == "login"
