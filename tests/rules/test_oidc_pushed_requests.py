"""Pushed authorization requests (OIDC-12)."""

import json
from functools import partial
from typing import Any

import pytest

from tests.rules.test_oidc_request_validation import REFUSED
from tests.support.actors.authorization_browser import Journey, ServiceBrowser, query
from tests.support.actors.client_signatures import dpop, ec_key, key_set
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import register_oidc_client
from tests.support.actors.people import unique
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

RESOURCE = "https://api.pass.example/"


def push(service: OAuthCaller, headers: Any = None, **changes: str | None) -> Any:
    return service.post("/oauth/par", headers, **query(service.name, **changes))


def pushed(service: OAuthCaller, **changes: str | None) -> str:
    """Push a request; return its `request_uri`."""
    answer = push(service, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_uri"])


def use(browser: ServiceBrowser, client: str, request_uri: str, **more: str) -> Journey:
    """Open the authorization endpoint with a pushed request."""
    return browser.open("/oauth/authorize", {"client_id": client, "request_uri": request_uri, **more})


def outcome(browser: ServiceBrowser, client: str, request_uri: str) -> str:
    return use(browser, client, request_uri).outcome


@pytest.fixture
def service(system: System) -> OAuthCaller:
    return OAuthCaller(
        system, register_oidc_client(system, scopes=["openid", "profile"], resources=[RESOURCE])
    )


@pytest.mark.rule("OIDC-12")
def test_a_pushed_request_leads_to_a_code_and_is_used_once(system: System, service: OAuthCaller) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    answer = push(service, state="pushed")
    uri = answer.json()["request_uri"]

    first = use(browser, service.name, uri, state="another", scope="openid email")
    again = use(browser, service.name, uri)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json() == {"request_uri": uri, "expires_in": 60}
    assert (first.outcome, first.answer["state"]) == ("code", "pushed")
    assert (again.outcome, system.rows("SELECT count(*) FROM grants")) == ("410", [(1,)])


@pytest.mark.rule("OIDC-12")
def test_loading_the_page_of_a_pushed_request_does_not_use_the_request(
    system: System, service: OAuthCaller
) -> None:
    person = system.person()
    system.logged_in(person)
    uri = pushed(service)
    scanner, browser = ServiceBrowser(system), ServiceBrowser(system)

    use(scanner, service.name, uri)
    page = use(browser, service.name, uri)
    system.clock.advance(minutes=29)

    assert (page.outcome, page.log_in(person).outcome) == ("login", "code")


@pytest.mark.rule("OIDC-12")
def test_a_pushed_request_must_be_used_within_a_minute_by_its_client(
    system: System, service: OAuthCaller
) -> None:
    other = register_oidc_client(system).name
    browser = ServiceBrowser(system)
    uri = pushed(service)
    page_path = f"/authorize/{uri.rpartition(':')[2]}"

    foreign = use(browser, other, uri).outcome
    unknown = use(browser, service.name, f"{uri}x").outcome
    system.clock.advance(seconds=60)

    assert (foreign, unknown) == ("400", "410")
    assert (use(browser, service.name, uri).outcome, browser.open(page_path).outcome) == ("410", "410")


@pytest.mark.rule("OIDC-12")
def test_an_opened_request_cannot_be_opened_again_after_a_minute(
    system: System, service: OAuthCaller
) -> None:
    browser, uri = ServiceBrowser(system), pushed(service)
    page = use(browser, service.name, uri)
    system.clock.advance(seconds=60)

    assert (use(browser, service.name, uri).outcome, page.reload().outcome) == ("410", "login")


@pytest.mark.rule("OIDC-12", "OIDC-3")
@pytest.mark.parametrize("name", ["client_id", "request_uri"])
def test_a_repeated_parameter_that_names_a_pushed_request_is_refused(
    system: System, service: OAuthCaller, name: str
) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    sent = {"client_id": service.name, "request_uri": pushed(service)}

    answer = browser.http.get("/oauth/authorize", params=[*sent.items(), (name, sent[name])])

    assert (answer.status_code, system.rows("SELECT 1 FROM grants")) == (400, [])


@pytest.mark.rule("OIDC-12", "OIDC-3")
def test_the_client_receives_the_error_of_each_refused_request(service: OAuthCaller) -> None:
    answers = {name: push(service, **changes) for name, (changes, _) in REFUSED.items()}

    errors = {name: error for name, (_, error) in REFUSED.items()}
    errors["request_uri"] = "invalid_request"
    assert {name: answer.json()["error"] for name, answer in answers.items()} == errors
    assert {answer.status_code for answer in answers.values()} == {400}


@pytest.mark.rule("OIDC-12", "OIDC-2")
@pytest.mark.parametrize(
    "changes", [{"redirect_uri": None}, {"redirect_uri": "https://evil.example/"}, {"client_id": "another"}]
)
def test_a_request_with_another_client_or_uri_than_registered_is_refused(
    service: OAuthCaller, changes: dict[str, str | None]
) -> None:
    answer = push(service, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.rule("OIDC-12", "OIDC-18")
def test_a_client_must_authenticate_to_push_a_request(system: System) -> None:
    service = register_oidc_client(system)
    http = system.visitor().http

    answers = [
        http.post("/oauth/par", data=query(service.name)),
        http.post("/oauth/par", data=query(service.name), auth=(service.name, "wrong")),
    ]

    assert [(each.status_code, each.json()["error"]) for each in answers] == [(401, "invalid_client")] * 2
    assert system.rows("SELECT 1 FROM authorization_requests") == []


@pytest.mark.rule("OIDC-12")
def test_a_pushed_requests_credentials_are_not_stored(system: System) -> None:
    service = register_oidc_client(system, auth="key", keys=key_set(ec_key()))

    pushed(OAuthCaller(system, service, key=ec_key()))

    ((stored,),) = system.rows("SELECT CAST(parameters AS TEXT) FROM authorization_requests")
    assert {name for name, _ in json.loads(stored)} == query(service.name).keys()


@pytest.mark.rule("OIDC-12")
def test_a_fapi2_client_must_push_its_requests(system: System) -> None:
    options: dict[str, Any] = {"auth": "key", "keys": key_set(ec_key()), "profile": "fapi2"}
    service = OAuthCaller(system, register_oidc_client(system, requires_dpop=True, **options), key=ec_key())
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    assert browser.authorize(service.name).error == "invalid_request"
    assert use(browser, service.name, pushed(service)).outcome == "code"


@pytest.mark.rule("OIDC-12")
def test_a_proof_binds_the_code_to_its_key(system: System, service: OAuthCaller) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    key, now = ec_key(), int(system.clock.now().timestamp())

    def proof() -> dict[str, str]:
        claims = {"htm": "POST", "htu": f"{PUBLIC_URL}/oauth/par", "iat": now, "jti": unique()}
        return {"DPoP": dpop(claims, key)}

    contradicting = push(service, proof(), dpop_jkt="J" * 43)
    damaged = push(service, {"DPoP": proof()["DPoP"][:-9]})
    use(browser, service.name, push(service, proof(), dpop_jkt=key.thumbprint()).json()["request_uri"])
    use(browser, service.name, push(service, proof()).json()["request_uri"])

    assert (contradicting.json()["error"], damaged.json()["error"]) == (
        "invalid_request",
        "invalid_dpop_proof",
    )
    assert system.rows("SELECT jkt FROM grant_codes") == [(key.thumbprint(),)] * 2


@pytest.mark.rule("OIDC-12")
def test_of_several_concurrent_uses_one_gets_a_code(system: System, service: OAuthCaller) -> None:
    visitor = system.logged_in(system.person())
    uri, browsers = pushed(service), [ServiceBrowser(system) for _ in range(6)]
    for browser in browsers:
        browser.http.cookies.set("session", str(visitor.token))

    outcomes = run_concurrently([partial(outcome, each, service.name, uri) for each in browsers])

    assert sorted(outcomes) == ["410"] * 5 + ["code"]
    assert system.rows("SELECT count(*) FROM grants") == [(1,)]
