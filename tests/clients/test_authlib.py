"""Authlib in Flask: login, userinfo, refresh, and the end of a login by refused refresh and by back-channel logout."""

from collections.abc import Iterator

import httpx
import pytest
from werkzeug.serving import make_server

from tests.clients.authlib_app import create_app
from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import new_url, register
from tests.clients.running_identity import RunningIdentity
from tests.support.actors.people import unique
from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import serve_http


@pytest.fixture
def service_url(identity: RunningIdentity) -> Iterator[str]:
    url = new_url()
    backchannel_uri = f"{url}/backchannel-logout"
    service = register(
        identity, "--redirect-uri", f"{url}/callback", "--backchannel-uri", backchannel_uri, "--refresh"
    )
    app = create_app(
        identity.url,
        IDENTITY_CLIENT_ID=service.name,
        IDENTITY_CLIENT_SECRET=service.secret,
        SECRET_KEY=unique(),
    )
    with serve_http(make_server("localhost", int(url.rpartition(":")[2]), app, threaded=True)):
        yield url


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-16", "OIDC-20", "OIDC-21")
def test_authlib_logs_a_person_in_for_a_company_and_refreshes_until_the_binding_ends(
    identity: RunningIdentity, browser: Browser, service_url: str
) -> None:
    bound = add_bound_person(identity)

    user = browser.log_in(f"{service_url}/", bound.person).json()
    shown = browser.open(f"{service_url}/userinfo").response.json()
    refreshed = [row.detail for row in identity.audit("grant.refreshed")]
    bound.unbind()
    refused = browser.http.get(f"{service_url}/userinfo")

    assert (user["sub"], user["act"]["sub"]) == (bound.company.id, bound.person.id)
    assert shown["company"]["tax_id"] == bound.company.tax_id
    assert any(user["sid"] in detail for detail in refreshed)
    assert refused.status_code == httpx.codes.FOUND


@pytest.mark.rule("OPS-3", "OIDC-22")
def test_a_service_in_flask_ends_its_session_at_back_channel_logout(
    identity: RunningIdentity, browser: Browser, service_url: str
) -> None:
    bound = add_bound_person(identity)
    browser.log_in(f"{service_url}/", bound.person)
    was_logged_in = browser.is_logged_in(f"{service_url}/")

    bound.unbind()

    wait_until(lambda: not browser.is_logged_in(f"{service_url}/"), what="the service to end the session")
    forged = httpx.post(f"{service_url}/backchannel-logout", data={"logout_token": "a.b.c"}, trust_env=False)
    assert was_logged_in
    assert forged.status_code == httpx.codes.BAD_REQUEST
