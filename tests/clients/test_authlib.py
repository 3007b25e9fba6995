"""Authlib in Flask, as in the guide."""

import pytest
from werkzeug.serving import make_server

from tests.clients.authlib_app import create_app
from tests.clients.identity import RunningIdentity
from tests.clients.people import Browser, add_agent
from tests.clients.services import new_url, register
from tests.support.actors.people import unique
from tests.support.servers.lifecycle import serve_http


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-16", "OIDC-20", "OIDC-21")
def test_authlib_logs_a_person_in_for_a_company_refreshes_and_learns_of_the_end(
    identity: RunningIdentity, browser: Browser
) -> None:
    agent = add_agent(identity)
    url = new_url()
    service = register(identity, "--redirect-uri", f"{url}/callback", "--refresh")
    app = create_app(
        identity.url,
        IDENTITY_CLIENT_ID=service.name,
        IDENTITY_CLIENT_SECRET=service.secret,
        SECRET_KEY=unique(),
    )

    with serve_http(make_server("localhost", int(url.rpartition(":")[2]), app, threaded=True)):
        shown = browser.log_in(f"{url}/", agent.person).json()
        refreshed = [row.detail for row in identity.audit("grant.refreshed")]
        agent.unbind()
        is_logged_in = browser.is_logged_in(f"{url}/")

    assert (shown["sub"], shown["act"]["sub"]) == (agent.company.id, agent.person.id)
    assert shown["company"]["tax_id"] == agent.company.tax_id
    assert any(service.name in detail for detail in refreshed)
    assert not is_logged_in
