"""RP-initiated logout: at once with an ID token of this session, otherwise after the person confirms (OIDC-23)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from identity.usecases import service_clients

from tests.support.actors.authorization_browser import Journey, ServiceBrowser
from tests.support.actors.grants import OpenGrant, add_oidc_client, id_token, open_grant_with_token
from tests.support.actors.people import Person, Visitor
from tests.support.browser.html_page import HtmlPage
from tests.support.harness.system import System

URI = "https://pass.example/bye?from=port"
ORIGIN = "https://pass.example"


@dataclass
class Setting:
    system: System
    client: str
    person: Person
    visitor: Visitor
    browser: ServiceBrowser
    grant: OpenGrant

    @property
    def hint(self) -> str:
        """An ID token of the service's grant."""
        return id_token(self.system, self.grant)

    @property
    def is_logged_in(self) -> bool:
        return self.visitor.get("/session").status_code == 200

    def log_out(self, **parameters: str) -> Journey:
        """Open the logout endpoint, like a redirect from the service."""
        return self.browser.open("/oauth/logout", parameters)


@pytest.fixture
def setting(system: System) -> Setting:
    client = add_oidc_client(system, post_logout_uris=[URI])
    person = system.person()
    visitor = system.logged_in(person)
    return Setting(
        system,
        client,
        person,
        visitor,
        ServiceBrowser(system, visitor),
        open_grant_with_token(system, client, person),
    )


def where(journey: Journey) -> str:
    """Return the target of a redirect to the service, or the path of the page."""
    return str(journey.response.headers.get("Location", journey.path))


@pytest.mark.rule("OIDC-23")
def test_an_id_token_of_this_session_logs_out_at_once_and_leads_back(setting: Setting) -> None:
    other = open_grant_with_token(setting.system, add_oidc_client(setting.system), setting.person)

    back = setting.log_out(id_token_hint=setting.hint, post_logout_redirect_uri=URI, state="a & b")

    assert where(back) == f"{URI}&state=a+%26+b"
    assert "session=; Expires=Thu, 01 Jan 1970" in back.response.headers["Set-Cookie"]
    assert not setting.is_logged_in
    assert [grant.ended_reason for grant in (setting.grant, other)] == ["logout", "logout"]
    assert setting.grant.logouts == [(setting.client, setting.person.id)]
    assert [row.account_id for row in setting.system.audit("session.closed")] == [setting.person.id]


@pytest.mark.rule("OIDC-23")
def test_an_expired_id_token_is_accepted(setting: Setting) -> None:
    hint = setting.hint
    setting.system.clock.advance(minutes=6)

    back = setting.log_out(id_token_hint=hint, client_id=setting.client, post_logout_redirect_uri=URI)

    assert (where(back), setting.is_logged_in) == (URI, False)


@pytest.mark.rule("OIDC-23")
def test_without_a_redirect_uri_a_page_confirms_the_logout(setting: Setting) -> None:
    page = setting.log_out(id_token_hint=setting.hint, state="s")

    assert (page.response.status_code, page.path, setting.is_logged_in) == (200, "/oauth/logout", False)
    assert "已登出" in page.text


def damaged(setting: Setting) -> str:
    head, claims, signature = setting.hint.split(".")
    return ".".join([head, claims[:-2] + ("AA" if claims[-2:] != "AA" else "BB"), signature])


def unsigned(setting: Setting) -> str:
    return "eyJhbGciOiJub25lIn0." + setting.hint.split(".")[1] + "."


def of_another_issuer(setting: Setting) -> str:
    return id_token(setting.system, setting.grant, iss="https://elsewhere.example")


def no_token(_setting: Setting) -> str:
    return "nonsense"


def logout_token(setting: Setting) -> str:
    claims = {"iss": setting.system.ports.rules.public_url, "aud": setting.client, "sid": setting.grant.id}
    return setting.system.ports.signer.sign(claims, token_type="logout+jwt", algorithm="RS256")


@pytest.mark.rule("OIDC-23")
@pytest.mark.parametrize("hint", [damaged, unsigned, of_another_issuer, no_token, logout_token])
def test_a_damaged_id_token_gets_an_error_page(setting: Setting, hint: Callable[[Setting], str]) -> None:
    page = setting.log_out(id_token_hint=hint(setting), post_logout_redirect_uri=URI)

    assert (page.response.status_code, setting.is_logged_in, setting.grant.is_active) == (400, True, True)
    assert "無法登出" in page.text


@pytest.mark.rule("OIDC-23")
@pytest.mark.parametrize(
    "uri",
    [
        "https://pass.example/bye", "https://PASS.example/bye?from=port", URI + "&more=1", URI + "#part",
        "https://evil.example/bye?from=port", "//pass.example/bye?from=port", "https://pass.example/callback",
    ],
)  # fmt: skip
def test_an_unregistered_redirect_uri_is_refused(setting: Setting, uri: str) -> None:
    with_token = setting.log_out(id_token_hint=setting.hint, post_logout_redirect_uri=uri)
    with_name = setting.log_out(client_id=setting.client, post_logout_redirect_uri=uri)

    assert [page.response.status_code for page in (with_token, with_name)] == [400, 400]
    assert setting.is_logged_in
    assert "通行證系統" in with_token.text


@pytest.mark.rule("OIDC-23")
def test_client_and_id_token_must_match(setting: Setting) -> None:
    other = add_oidc_client(setting.system, post_logout_uris=[URI])

    page = setting.log_out(id_token_hint=setting.hint, client_id=other, post_logout_redirect_uri=URI)
    unknown = setting.log_out(client_id="nobody")

    assert [page.response.status_code, unknown.response.status_code] == [400, 400]
    assert setting.is_logged_in


@pytest.mark.rule("OIDC-23")
def test_a_revoked_client_gets_no_redirect(setting: Setting) -> None:
    with setting.system.app.app_context():
        service_clients.revoke(setting.system.ports, setting.client)

    page = setting.log_out(id_token_hint=setting.hint, post_logout_redirect_uri=URI)

    assert (page.response.status_code, setting.is_logged_in) == (400, True)


@pytest.mark.rule("OIDC-23")
@pytest.mark.rule("OIDC-28")
def test_without_an_id_token_the_person_confirms_by_a_button(setting: Setting) -> None:
    page = setting.log_out(client_id=setting.client, post_logout_redirect_uri=URI, state="s")
    before = (page.response.status_code, setting.is_logged_in)

    back = page.submit("/logout/service")

    policy = page.response.headers["Content-Security-Policy"]
    assert before == (200, True)
    assert f"form-action 'self' {ORIGIN};" in policy
    assert "「通行證系統」" in page.text
    assert (where(back), setting.is_logged_in) == (f"{URI}&state=s", False)
    assert setting.grant.ended_reason == "logout"


@pytest.mark.rule("OIDC-23")
def test_without_any_parameter_the_person_confirms_and_is_not_redirected(setting: Setting) -> None:
    page = setting.log_out(post_logout_redirect_uri="https://evil.example/")

    done = page.submit("/logout/service")

    assert "form-action 'self';" in page.response.headers["Content-Security-Policy"]
    assert (where(done), done.response.status_code, setting.is_logged_in) == ("/logout/service", 200, False)


@pytest.mark.rule("OIDC-23")
def test_with_an_id_token_of_another_session_the_person_confirms_and_that_login_ends_too(
    setting: Setting,
) -> None:
    hint, elsewhere = setting.hint, setting.system.logged_in(setting.person)
    setting.browser.http.cookies.set("session", str(elsewhere.token))

    page = setting.log_out(id_token_hint=hint, post_logout_redirect_uri=URI)
    before = elsewhere.get("/session").status_code
    back = page.submit("/logout/service")

    assert (before, elsewhere.get("/session").status_code, where(back)) == (200, 401, URI)
    assert setting.is_logged_in, "the other browser's session stays open"
    assert setting.grant.ended_reason == "logout"


@pytest.mark.rule("OIDC-23")
def test_after_a_timeout_at_the_portal_a_service_can_still_end_its_login(setting: Setting) -> None:
    other = open_grant_with_token(setting.system, add_oidc_client(setting.system), setting.person)
    setting.system.clock.advance(minutes=31)

    back = setting.log_out(id_token_hint=setting.hint, post_logout_redirect_uri=URI)

    assert where(back) == URI
    assert [grant.ended_reason for grant in (setting.grant, other)] == ["logout", "logout"]


@pytest.mark.rule("OIDC-23")
def test_a_person_without_a_session_is_not_asked(setting: Setting) -> None:
    stranger = ServiceBrowser(setting.system)

    back = stranger.open("/oauth/logout", {"client_id": setting.client, "post_logout_redirect_uri": URI})
    page = stranger.open("/oauth/logout")

    assert where(back) == URI
    assert "已登出" in page.text
    assert setting.is_logged_in


@pytest.mark.rule("OIDC-23")
def test_a_logout_request_by_post_works_too(setting: Setting) -> None:
    sent = {"id_token_hint": setting.hint, "post_logout_redirect_uri": URI}

    first = setting.browser.http.post("/oauth/logout", data=sent, headers={"Sec-Fetch-Site": "cross-site"})
    back = setting.browser.follow(first)

    assert (first.status_code, where(back), setting.is_logged_in) == (303, URI, False)


@pytest.mark.rule("OIDC-23")
@pytest.mark.rule("SEC-8")
def test_the_button_needs_the_csrf_token_of_its_page(setting: Setting) -> None:
    page = setting.log_out(client_id=setting.client)
    (form,) = (each for each in HtmlPage(page.response.text).forms if each.action.endswith("/logout/service"))

    forged = setting.browser.http.post(
        "/logout/service", data=form.fields | {"csrf_token": ""}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert (forged.status_code, setting.is_logged_in) == (400, True)


@pytest.mark.rule("OIDC-23")
@pytest.mark.parametrize("name", ["client_id", "id_token_hint", "post_logout_redirect_uri", "state"])
def test_a_modified_form_gets_an_error_page(setting: Setting, name: str) -> None:
    page = setting.log_out(client_id=setting.client)
    (form,) = (each for each in HtmlPage(page.response.text).forms if each.action.endswith("/logout/service"))

    answer = setting.browser.http.post(
        "/logout/service", data=form.fields | {name: "\0"}, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert (answer.status_code, setting.is_logged_in) == (400, True)


@pytest.mark.rule("OIDC-23")
@pytest.mark.parametrize(
    "query", ["state=1&state=2", "state=%zz", "state=%00", f"state={'x' * 8200}", "id_token_hint=%ff"]
)
def test_a_malformed_request_gets_an_error_page(setting: Setting, query: str) -> None:
    got = setting.browser.http.get(f"/oauth/logout?{query}")
    posted = setting.browser.follow(
        setting.browser.http.post(
            "/oauth/logout",
            content=query,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    )

    assert (got.status_code, posted.response.status_code, setting.is_logged_in) == (400, 400, True)
