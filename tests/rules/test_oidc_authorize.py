"""A service sends a person to log in, and gets a code (OIDC-4)."""

from contextlib import ExitStack

import pytest
from identity.domain.rate_limits import AUTHORIZATIONS_BY_CLIENT_ADDRESS
from identity.usecases import operator_decisions
from sqlalchemy import text

from tests.support.actors.authorization_browser import CHALLENGE, ServiceBrowser, query
from tests.support.actors.oidc_clients import REDIRECT_URI, register_oidc_client
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import Servers, System


@pytest.mark.rule("OIDC-3")
def test_a_logged_in_person_gets_a_code_at_once(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))

    answer = browser.authorize(client, nonce="n", resource=None, dpop_jkt="J" * 43).answer

    issuer = system.ports.rules.public_url
    assert answer == {"code": answer["code"], "state": "a state", "iss": issuer}
    (grant,) = system.rows("SELECT * FROM grants")
    (code,) = system.rows("SELECT * FROM grant_codes")
    (recorded,) = system.audit("grant.opened")
    (ends_at,) = system.rows("SELECT expires_at FROM sessions")[0]
    assert (grant.client, grant.holder_id, grant.account_id, grant.binding_id) == (
        client, person.id, person.id, None,
    )  # fmt: skip
    assert (grant.expires_at, grant.id) == (ends_at, code.grant_id)
    assert (code.redirect_uri, code.code_challenge, code.nonce, code.jkt) == (
        REDIRECT_URI, CHALLENGE, "n", "J" * 43,
    )  # fmt: skip
    assert answer["code"] not in str(code)
    assert (recorded.account_id, grant.id in recorded.detail) == (person.id, True)


@pytest.mark.rule("OIDC-4")
def test_the_login_page_names_the_service_and_leads_back_to_the_service(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    system.logged_in(person)

    page = ServiceBrowser(system).authorize(client, login_hint=person.username)
    wrong = page.submit("/login", username=person.username, password=f"not {person.password}")
    answer = wrong.log_in(person).answer

    assert normalize("登入後將前往 通行證系統") in page.text
    assert person.username in page.response.text
    assert (wrong.response.status_code, normalize("登入後將前往") in wrong.text) == (401, True)
    assert answer.keys() == {"code", "state", "iss"}


@pytest.mark.rule("OIDC-4")
def test_open_steps_lead_back_to_the_request(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="general")
    client, person = register_oidc_client(system).name, system.register()
    browser = ServiceBrowser(system)

    unverified = browser.authorize(client).log_in(person)
    system.confirm(system.mail(person.email, "註冊通知信件").token)
    reviewed = unverified.reload()
    with system.app.app_context():
        operator_decisions.approve(system.ports, person.username)
    consenting = reviewed.reload()
    answer = consenting.accept_consents().answer

    steps = [unverified, reviewed, consenting]
    assert [each.path for each in steps] == ["/verification", "/review", "/consents"]
    assert all(normalize("完成後將前往 通行證系統") in each.text for each in steps)
    assert answer.keys() == {"code", "state", "iss"}


@pytest.mark.rule("OIDC-4")
def test_every_page_has_a_link_back_without_a_login(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    client = register_oidc_client(system, asks_consent=True).name
    unverified, reviewed = system.register(), system.person()

    pages = [
        ServiceBrowser(system).authorize(client),
        ServiceBrowser(system).authorize(client).log_in(unverified),
        ServiceBrowser(system).authorize(client).log_in(reviewed),
    ]

    assert [page.cancel().error for page in pages] == ["access_denied"] * 3


@pytest.mark.rule("OIDC-4")
def test_a_request_is_answered_once(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    system.logged_in(person)
    browser = ServiceBrowser(system)
    page = browser.authorize(client)
    page.log_in(person)

    again = [
        page.reload(),
        browser.open(page.path.removesuffix("/login")),
        browser.open("/authorize/unknown"),
    ]

    assert [each.response.status_code for each in again] == [410, 410, 410]
    assert [normalize("通行證系統」的登入要求已完成") in each.text for each in again] == [True, True, False]
    assert 'href="https://pass.example/"' in again[0].response.text
    assert system.rows("SELECT count(*) FROM grants") == [(1,)]


@pytest.mark.rule("OIDC-4")
def test_a_request_is_valid_for_half_an_hour(system: System) -> None:
    client = register_oidc_client(system).name
    in_time, late = ServiceBrowser(system).authorize(client), ServiceBrowser(system).authorize(client)

    system.clock.advance(minutes=29, seconds=59)
    status = in_time.reload().response.status_code
    system.clock.advance(seconds=1)

    assert (status, late.reload().response.status_code) == (200, 410)


@pytest.mark.rule("OIDC-4")
def test_requests_that_need_a_person_are_limited_by_address(system: System) -> None:
    client = register_oidc_client(system).name
    limit = AUTHORIZATIONS_BY_CLIENT_ADDRESS
    counter = limit.counter("127.0.0.1")
    now = system.clock.now()
    with system.app.app_context():
        for _ in range(limit.max_count):
            system.ports.counters.increment([counter], now)

    refused = ServiceBrowser(system).authorize(client)
    silent = ServiceBrowser(system).authorize(client, prompt="none")

    assert (refused.response.status_code, "Retry-After" in refused.response.headers) == (429, True)
    assert silent.error == "login_required"


@pytest.mark.rule("OIDC-4")
def test_a_request_by_post_continues_by_get(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))

    response = browser.http.post(
        "/oauth/authorize", data=query(client), headers={"Sec-Fetch-Site": "cross-site"}
    )
    answer = browser.follow(response).answer

    assert (response.status_code, response.headers["Location"].startswith("/oauth/authorize?")) == (303, True)
    assert answer.keys() == {"code", "state", "iss"}


@pytest.mark.rule("OIDC-4")
def test_two_windows_have_separate_requests(system: System) -> None:
    first, second = (register_oidc_client(system).name for _ in range(2))
    person = system.person()
    system.logged_in(person)
    browser = ServiceBrowser(system)
    windows = [browser.authorize(first, state="1"), browser.authorize(second, state="2")]

    stale = windows[0]
    answers = [windows[1].log_in(person).answer, stale.reload().answer]

    assert [(each["state"], "code" in each) for each in answers] == [("2", True), ("1", True)]
    assert sorted(system.rows("SELECT client FROM grants")) == sorted([(first,), (second,)])


@pytest.mark.rule("OIDC-4")
def test_a_request_survives_a_database_outage(servers: Servers, sqlite_url: str) -> None:
    with ExitStack() as stack:
        system = System(servers, sqlite_url, stack)
        page = ServiceBrowser(system).authorize(register_oidc_client(system).name)

        with system.engine.begin() as connection:
            connection.execute(text("ALTER TABLE authorization_requests RENAME TO hidden"))
        failed = page.reload().response
        with system.engine.begin() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO authorization_requests"))

        assert (failed.status_code, "Retry-After" in failed.headers) == (503, True)
        assert page.reload().outcome == "login"


@pytest.mark.rule("OIDC-4", "SEC-8")
def test_a_form_from_before_a_login_in_another_window_leads_back_to_its_request(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))
    page = browser.authorize(client, prompt="select_account")
    browser.authorize(client, prompt="login").log_in(person)

    refused = page.choose(person.id)
    reopened = [browser.open(f"{page.path}/{action}").path for action in ("company", "consent", "cancel")]

    assert (refused.response.status_code, f'href="{page.path}"' in refused.response.text) == (400, True)
    assert normalize("完成後將前往 通行證系統") in refused.text
    assert reopened == [page.path] * 3
    assert browser.open(page.path).choose(person.id).outcome == "code"


@pytest.mark.rule("OIDC-5")
def test_another_person_can_log_in_for_a_request(system: System) -> None:
    client, person, other = register_oidc_client(system).name, system.person(), system.person()
    system.logged_in(other)
    browser = ServiceBrowser(system, system.logged_in(person))
    page = browser.authorize(client, prompt="select_account")

    chosen = browser.open(f"{page.path}/login", {"other": "1"}).log_in(other)
    answer = chosen.choose(other.id)

    assert (browser.open(f"{page.path}/login").outcome, page.choices, chosen.choices) == (
        "410",
        [person.id],
        [other.id],
    )
    assert (answer.outcome, system.rows("SELECT holder_id FROM grants")) == ("code", [(other.id,)])
