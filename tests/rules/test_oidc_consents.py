"""The consent before a service gets data (OIDC-11), and the browser's return to the service (OIDC-28)."""

from urllib.parse import urlsplit

import httpx
import pytest
from identity.domain.oidc_scopes import SCOPES
from identity.http.zh_tw.portal import SCOPE_DATA
from identity.usecases import personal_data

from tests.support.actors.authorization_browser import Journey, ServiceBrowser
from tests.support.actors.oidc_clients import register_oidc_client
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


def consents(system: System) -> list[tuple[str, str]]:
    """Return account and client of each consent."""
    rows = system.rows("SELECT account_id, client FROM client_consents")
    return [tuple(row) for row in rows]


@pytest.mark.rule("OIDC-11")
def test_a_service_gets_the_requested_data_after_one_consent(system: System) -> None:
    client, person = register_oidc_client(system, asks_consent=True).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))

    page = browser.authorize(client, scope="openid company")
    silent = browser.authorize(client, scope="openid company", prompt="none").outcome
    before = consents(system)
    agreed = page.agree().outcome
    later = [
        browser.authorize(client, scope=scope, prompt=prompt).outcome
        for scope, prompt in (
            ("openid", "none"),
            ("openid company", "none"),
            ("openid company email", "none"),
            ("openid company", "consent"),
        )
    ]

    assert (page.outcome, silent, before) == ("consent", "consent_required", [])
    assert normalize("「通行證系統」將取得下列帳號的資料") in page.text
    assert normalize("公司名稱、公司統編") in page.text
    assert "Email" not in page.text
    assert person.username in page.text
    assert (agreed, later) == ("code", ["code", "code", "consent_required", "consent"])
    assert consents(system) == [(person.id, client)]


@pytest.mark.rule("OIDC-11")
def test_consents_of_one_person_add_up_and_count_for_no_other_service(system: System) -> None:
    first, second = (register_oidc_client(system, asks_consent=True).name for _ in range(2))
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    for scope in ("openid profile", "openid email"):
        browser.authorize(first, scope=scope).agree()

    both = browser.authorize(first, scope="openid profile email", prompt="none").outcome
    other = browser.authorize(second, scope="openid profile", prompt="none").outcome

    assert (both, other) == ("code", "consent_required")


@pytest.mark.rule("OIDC-11")
def test_a_first_party_service_needs_consent_only_with_prompt_consent(system: System) -> None:
    client = register_oidc_client(system).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    outcomes = [browser.authorize(client, prompt=prompt).outcome for prompt in ("none", "consent")]

    assert outcomes == ["code", "consent"]


@pytest.mark.rule("OIDC-11")
def test_a_link_account_consents_for_itself_once(system: System) -> None:
    client = register_oidc_client(system, asks_consent=True).name
    link, companies = system.person("link"), [system.person() for _ in range(2)]
    visitor = system.logged_in(link)
    for each in companies:
        system.bind_and_verify(visitor, each)
    browser = ServiceBrowser(system, visitor)

    outcomes = [
        browser.authorize(client).choose(companies[0].id).agree().outcome,
        browser.authorize(client).choose(companies[1].id).outcome,
    ]

    assert (outcomes, consents(system)) == (["code", "code"], [(link.id, client)])


@pytest.mark.rule("OIDC-11")
def test_a_consent_for_another_account_than_shown_is_not_accepted(system: System) -> None:
    client = register_oidc_client(system, asks_consent=True).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    page = browser.authorize(client).submit("/consent", account=system.person().id)

    assert (page.outcome, consents(system)) == ("consent", [])


@pytest.mark.rule("OIDC-11", "OPS-6")
def test_erasing_a_person_deletes_the_consents(system: System) -> None:
    client, person = register_oidc_client(system, asks_consent=True).name, system.person()
    ServiceBrowser(system, system.logged_in(person)).authorize(client).agree()

    before = consents(system)
    with system.app.app_context():
        personal_data.erase(system.ports, person.username)

    assert (before, consents(system)) == ([(person.id, client)], [])


@pytest.mark.rule("OIDC-11")
def test_the_consent_page_describes_every_scope() -> None:
    assert set(SCOPE_DATA) == set(SCOPES)


def form_action(page: httpx.Response) -> str:
    policy = page.headers["Content-Security-Policy"]
    return next(part.strip() for part in policy.split(";") if part.strip().startswith("form-action"))


@pytest.mark.rule("OIDC-28")
def test_only_the_pages_of_a_request_allow_forms_to_redirect_to_its_service(
    start_system: StartSystem,
) -> None:
    system = start_system(IDENTITY_REVIEW="link")
    uri = "https://pass.example:8443/callback?x=1"
    client = register_oidc_client(
        system, asks_consent=True, redirect_uris=[uri, "https://other.example/callback"]
    ).name
    person, browser = system.person(), ServiceBrowser(system)

    login = browser.authorize(client, redirect_uri=uri)
    consenting = login.log_in(person)
    consent = consenting.accept_consents()
    reviewed = ServiceBrowser(system).authorize(client, redirect_uri=uri).log_in(system.person("link"))
    elsewhere = [
        browser.open(path) for path in ("/home", "/?next=/authorize/unknown", "/sessions?next=/home")
    ]

    pages: list[Journey] = [login, consenting, consent, reviewed]
    assert [form_action(page.response) for page in pages] == [
        "form-action 'self' https://pass.example:8443"
    ] * 4
    assert {form_action(page.response) for page in elsewhere} == {"form-action 'self'"}
    assert urlsplit(consent.agree().response.headers["Location"]).netloc == "pass.example:8443"


@pytest.mark.rule("OIDC-28")
@pytest.mark.parametrize("uri", ["tw.example.app:/callback", "http://[::1]:8080/callback"])
def test_a_uri_to_which_no_form_may_redirect_gets_a_page_with_a_link(system: System, uri: str) -> None:
    client = register_oidc_client(system, auth="none", redirect_uris=[uri]).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    page = browser.authorize(client, redirect_uri=uri)

    assert (page.response.status_code, page.text.count(normalize("返回「通行證系統」"))) == (200, 4)
    assert f'href="{uri}?code=' in page.response.text
    assert form_action(page.response) == "form-action 'self'"


@pytest.mark.rule("OIDC-28")
def test_other_endpoints_ignore_cookies_and_need_no_csrf_token(system: System) -> None:
    service, person = register_oidc_client(system), system.person()
    browser = ServiceBrowser(system, system.logged_in(person))
    session = browser.http.cookies["session"]

    answers = [
        browser.http.post(path, data={"token": session}, headers={"Sec-Fetch-Site": "cross-site"})
        for path in ("/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke")
    ]

    assert service.secret
    assert [(each.status_code, each.json()["error"]) for each in answers] == [(401, "invalid_client")] * 4
    assert [each.headers.get("Set-Cookie") for each in answers] == [None] * 4
