"""Token exchange: for a service behind the called service, and for a company (OIDC-19)."""

import json
from typing import Any

import pytest
from httpx import Response
from identity.domain.rate_limits import GRANTS_BY_PERSON

from tests.support.actors.authorization_browser import ServiceBrowser
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import Person
from tests.support.actors.service_clients import Service
from tests.support.harness.system import System

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ACCOUNT = "urn:tw:port:identity:token-type:account"
RESOURCE = "https://weighbridge.example/api"
SCOPES = ["openid", "company", "pass:apply", "pass:query"]


def exchange(system: System, service: Service, **parameters: Any) -> Response:
    sent = {"subject_token_type": ACCESS_TOKEN, **parameters}
    return OAuthCaller(system, service).token(EXCHANGE, **sent)


def introspected(system: System, service: Service, token: str) -> Any:
    return OAuthCaller(system, service).post("/oauth/introspect", token=token).json()


class Chain:
    """Three services, each of which may reach the next, and a link account's token for the first."""

    def __init__(self, system: System) -> None:
        self.link, self.general = system.person("link"), system.person()
        self.last = register_oidc_client(system, "tokens:introspect", resources=[RESOURCE])
        self.middle = register_oidc_client(system, "tokens:introspect", may_reach=[self.last.name])
        self.first = register_oidc_client(system, "tokens:introspect", may_reach=[self.middle.name])
        self.grant = open_grant(system, self.first.name, self.link, general=self.general, scopes=SCOPES)
        self.token = issue_token(system, self.grant, self.first.name, scopes=SCOPES)


@pytest.mark.rule("OIDC-19")
def test_each_service_is_added_to_act_and_the_link_account_stays_innermost(system: System) -> None:
    chain = Chain(system)

    second = exchange(system, chain.first, subject_token=chain.token, audience=chain.middle.name).json()
    third = exchange(
        system,
        chain.middle,
        subject_token=second["access_token"],
        resource=RESOURCE,
        scope="openid pass:apply",
        requested_token_type=ACCESS_TOKEN,
    ).json()

    assert (third["issued_token_type"], third["token_type"], third["scope"]) == (
        ACCESS_TOKEN, "Bearer", "openid pass:apply",
    )  # fmt: skip
    assert {"id_token", "refresh_token"}.isdisjoint(third)
    shown = introspected(system, chain.last, third["access_token"])
    assert (shown["sub"], shown["sid"], shown["aud"]) == (chain.general.id, chain.grant, [RESOURCE])
    assert shown["act"] == {
        "sub": chain.middle.name,
        "act": {"sub": chain.first.name, "act": {"sub": chain.link.id}},
    }
    assert (shown["client_id"], shown["rights"]) == (chain.middle.name, ["pass:apply"])


@pytest.mark.rule("OIDC-19")
def test_an_exchanged_token_ends_with_the_grant_and_no_later_than_the_original_token(
    system: System,
) -> None:
    chain = Chain(system)
    system.clock.advance(minutes=9)

    issued = exchange(system, chain.first, subject_token=chain.token, audience=chain.middle.name).json()

    assert issued["expires_in"] == 60
    system.logged_in(chain.general).delete("/account/binding")
    assert introspected(system, chain.middle, issued["access_token"]) == {"active": False}
    again = exchange(system, chain.first, subject_token=chain.token, audience=chain.middle.name)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a service out of reach": ({"audience": "LAST"}, "invalid_target"),
    "an unknown service": ({"audience": "nobody"}, "invalid_target"),
    "no service": ({}, "invalid_target"),
    "an unregistered resource": ({"resource": "https://x.example/"}, "invalid_target"),
    "more scopes": ({"audience": "MIDDLE", "scope": "openid email"}, "invalid_scope"),
    "an invalid token": ({"audience": "MIDDLE", "subject_token": "x"}, "invalid_request"),
    "another kind of token": ({"audience": "MIDDLE", "subject_token_type": "urn:x"}, "invalid_request"),
    "an actor": (
        {"audience": "MIDDLE", "actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        "invalid_request",
    ),
    "an actor without its type": ({"audience": "MIDDLE", "actor_token": "x"}, "invalid_request"),
    "a type without an actor": ({"audience": "MIDDLE", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    "a refresh token": ({"audience": "MIDDLE", "requested_token_type": "urn:x"}, "invalid_request"),
    "two types": ({"audience": "MIDDLE", "scope": ["openid", "openid"]}, "invalid_request"),
}


@pytest.mark.rule("OIDC-19")
@pytest.mark.parametrize("case", REFUSED)
def test_an_exchange_that_is_not_allowed_is_refused(system: System, case: str) -> None:
    chain = Chain(system)
    names = {"MIDDLE": chain.middle.name, "LAST": chain.last.name}
    sent, error = REFUSED[case]
    parameters = {name: names.get(str(value), value) for name, value in sent.items()}

    answer = exchange(system, chain.first, **{"subject_token": chain.token, **parameters})

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.rule("OIDC-19")
def test_a_service_outside_the_audience_cannot_exchange_the_token(system: System) -> None:
    chain = Chain(system)
    other = register_oidc_client(system, may_reach=[chain.middle.name])

    answer = exchange(system, other, subject_token=chain.token, audience=chain.middle.name)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


class Company:
    """A link account that logged in at a client without a company, and its requests for a company's token."""

    def __init__(self, system: System, **options: Any) -> None:
        self.link, self.general = system.person("link"), system.person()
        self.client = register_oidc_client(
            system, "tokens:introspect", accepts=["general", "link"], may_refresh=True, **options
        )
        self.grant = open_grant(system, self.client.name, self.link, scopes=SCOPES)
        self.token = issue_token(system, self.grant, self.client.name, scopes=SCOPES)
        self._system = system

    def ask(self, subject: Person | None = None, **changes: Any) -> Response:
        sent = {
            "subject_token": (subject or self.general).id,
            "subject_token_type": ACCOUNT,
            "actor_token": self.token,
            "actor_token_type": ACCESS_TOKEN,
            **changes,
        }
        return exchange(self._system, self.client, **sent)

    def bind(self) -> str:
        return self._system.bind_and_verify(self._system.logged_in(self.link), self.general)


@pytest.mark.rule("OIDC-19")
def test_a_client_gets_a_token_for_a_company_without_a_redirect(system: System) -> None:
    company = Company(system)
    company.bind()

    issued = company.ask().json()

    shown = introspected(system, company.client, issued["access_token"])
    assert (shown["sub"], shown["act"], shown["rights"]) == (
        company.general.id, {"sub": company.link.id}, ["pass:apply", "pass:query"],
    )  # fmt: skip
    assert (shown["sid"] != company.grant, shown["auth_time"]) == (True, shown["iat"])
    assert OAuthCaller(system, company.client).refresh(issued["refresh_token"]).status_code == 200
    assert issued["id_token"].count(".") == 2


@pytest.mark.rule("OIDC-8", "OIDC-19")
def test_the_number_of_a_persons_logins_at_services_is_limited(system: System) -> None:
    company = Company(system)
    company.bind()
    browser = ServiceBrowser(system, system.logged_in(company.link))
    counter = GRANTS_BY_PERSON.counter(company.link.id)
    for _ in range(GRANTS_BY_PERSON.max_count - 2):
        system.ports.counters.increment([counter], system.clock.now())

    within = [browser.authorize(company.client.name, prompt="none").outcome, company.ask().status_code]
    page, answer = browser.authorize(company.client.name, prompt="none"), company.ask()
    system.clock.advance(hours=1)
    browser = ServiceBrowser(system, system.logged_in(company.link))

    assert within == ["code", 200]
    assert (page.outcome, answer.status_code) == ("429", 429)
    assert answer.json()["error"] == "temporarily_unavailable"
    assert all("Retry-After" in each.headers for each in (page.response, answer))
    assert len(system.rows("SELECT 1 FROM grants")) == 3
    assert browser.authorize(company.client.name, prompt="none").outcome == "code"


@pytest.mark.rule("OIDC-19", "OIDC-21")
def test_the_companys_token_ends_with_its_binding_and_the_login_continues(system: System) -> None:
    company = Company(system)
    binding = company.bind()
    token = company.ask().json()["access_token"]

    system.logged_in(company.link).delete(f"/bindings/{binding}")

    active = [introspected(system, company.client, each)["active"] for each in (token, company.token)]
    assert (active, whys(system)) == ([False, True], ["binding_removed"])


@pytest.mark.rule("OIDC-19", "OIDC-21")
def test_the_companys_token_ends_with_the_original_login(system: System) -> None:
    company = Company(system)
    company.bind()
    token = company.ask().json()["access_token"]
    refresh = issue_token(system, company.grant, company.client.name, kind="refresh")

    OAuthCaller(system, company.client).post("/oauth/revoke", token=refresh)

    active = [introspected(system, company.client, each)["active"] for each in (token, company.token)]
    assert (active, whys(system)) == ([False, False], ["revoked", "revoked"])


def whys(system: System) -> list[str]:
    return [json.loads(row.detail)["why"] for row in system.audit("grant.ended")]


@pytest.mark.rule("OIDC-19")
@pytest.mark.parametrize(
    "case", ["not bound", "a stranger's", "not verified", "another client's", "a company's"]
)
def test_only_the_link_accounts_own_companies_are_available(system: System, case: str) -> None:
    company, subject, changes = Company(system), None, {}
    if case == "a stranger's":
        other = Company(system)
        other.bind()
        subject = other.general
    if case == "not verified":
        system.bind(system.logged_in(company.link), company.general)
    if case in {"another client's", "a company's"}:
        company.bind()
    if case == "another client's":
        changes = {"actor_token": issue_token(system, company.grant, register_oidc_client(system).name)}
    if case == "a company's":
        changes = {"actor_token": company.ask().json()["access_token"]}

    answer = company.ask(subject, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
