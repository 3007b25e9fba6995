"""mod_auth_openidc in Apache: login, back-channel logout, and a new key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import FOLDER, new_url, register, wait_for
from tests.clients.running_identity import RunningIdentity
from tests.clients.upstream_application import upstream_application
from tests.support.actors.people import unique
from tests.support.harness.polling import wait_until
from tests.support.servers.optional_programs import APACHE

MODULES = Path("/usr/lib/apache2/modules")


@pytest.fixture
def apache(identity: RunningIdentity, tmp_path: Path) -> Iterator[str]:
    """The URL of an Apache in front of an application."""
    program = APACHE.require()
    if not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip(f"mod_auth_openidc is missing, so {APACHE.purpose} did not run ({APACHE.remedy})")
    url = new_url()
    callback = f"{url}/oidc/callback"
    service = register(
        identity, "--redirect-uri", callback, "--backchannel-uri", f"{callback}?logout=backchannel"
    )
    tmp_path.chmod(0o755)  # started by root, Apache runs its child processes as another user
    with upstream_application() as upstream_url:
        environment = {
            "IDENTITY_URL": identity.url,
            "CLIENT_ID": service.name,
            "CLIENT_SECRET": service.secret,
            "CRYPTO_PASSPHRASE": unique(),
            "PASS_URL": url,
            "PORT": url.rpartition(":")[2],
            "DIRECTORY": str(tmp_path),
            "MODULES": str(MODULES),
            "OPENIDC": str(FOLDER / "apache/openidc.conf"),
            "UPSTREAM_URL": upstream_url,
        }
        command = [str(program), "-f", str(FOLDER / "apache/httpd.conf"), "-D", "FOREGROUND"]
        running = identity.start_program(*command, environment=environment)
        wait_for(running, url)
        yield url
        running.destroy()


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-13", "OIDC-21", "OIDC-22")
def test_mod_auth_openidc_logs_a_person_in_until_the_binding_ends(
    identity: RunningIdentity, browser: Browser, apache: str
) -> None:
    bound = add_bound_person(identity)

    headers = browser.log_in(f"{apache}/", bound.person).json()
    bound.unbind()

    wait_until(lambda: not browser.is_logged_in(f"{apache}/"), what="Apache to end the login")
    assert headers["oidc-claim-sub"] == bound.company.id
    assert bound.company.tax_id in headers["oidc-claim-company"]


@pytest.mark.rule("OPS-3", "OIDC-22", "OIDC-26", "OIDC-27")
def test_mod_auth_openidc_accepts_a_new_key(identity: RunningIdentity, browser: Browser, apache: str) -> None:
    bound = add_bound_person(identity)
    browser.log_in(f"{apache}/", bound.person)
    identity.rotate_keys()

    browser.http.cookies.clear(domain="localhost.local")
    headers = browser.open(f"{apache}/").response.json()
    bound.unbind()

    wait_until(lambda: not browser.is_logged_in(f"{apache}/"), what="a logout token with the new key")
    assert headers["oidc-claim-sub"] == bound.company.id
