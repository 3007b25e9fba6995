"""oauth2-proxy in front of an application: login, and the end of the login at the first refresh after an unbinding."""

import pytest

from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import FOLDER, built, new_url, register, wait_for
from tests.clients.running_identity import RunningIdentity
from tests.clients.upstream_application import upstream_application
from tests.support.actors.people import unique
from tests.support.harness.polling import wait_until

REFRESH = "1s"


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-13", "OIDC-16", "OIDC-20", "OIDC-21")
def test_oauth2_proxy_logs_a_person_in_until_a_refresh_after_the_binding_ended(
    identity: RunningIdentity, browser: Browser
) -> None:
    program = built("oauth2-proxy")
    bound = add_bound_person(identity)
    url = new_url()
    redirect_uri = f"{url}/oauth2/callback"
    service = register(identity, "--redirect-uri", redirect_uri, "--refresh", scopes=("profile", "email"))
    with upstream_application() as upstream_url:
        environment = {
            "OAUTH2_PROXY_OIDC_ISSUER_URL": identity.url,
            "OAUTH2_PROXY_CLIENT_ID": service.name,
            "OAUTH2_PROXY_CLIENT_SECRET": service.secret,
            "OAUTH2_PROXY_COOKIE_SECRET": unique().rjust(32, "0"),
            "OAUTH2_PROXY_COOKIE_SECURE": "false",
            "OAUTH2_PROXY_HTTP_ADDRESS": url.removeprefix("http://"),
            "OAUTH2_PROXY_REDIRECT_URL": redirect_uri,
            "OAUTH2_PROXY_UPSTREAMS": f"{upstream_url}/",
        }
        config = str(FOLDER / "oauth2_proxy/oauth2-proxy.cfg")
        running = identity.start_program(
            str(program), "--config", config, "--cookie-refresh", REFRESH, environment=environment
        )
        wait_for(running, f"{url}/ping")

        headers = browser.log_in(f"{url}/", bound.person).json()
        wait_until(
            lambda: browser.is_logged_in(f"{url}/") and _has_refreshed(identity, service.name),
            what="a refresh",
        )
        bound.unbind()

        wait_until(lambda: not browser.is_logged_in(f"{url}/"), what="the refresh that fails")
        running.destroy()

    assert headers["x-forwarded-user"] == bound.company.id
    assert headers["x-forwarded-preferred-username"] == bound.company.username
    assert headers["x-forwarded-email"] == bound.company.email


def _has_refreshed(identity: RunningIdentity, client: str) -> bool:
    return any(client in row.detail for row in identity.audit("grant.refreshed"))
