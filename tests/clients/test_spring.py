"""Spring Security: login and back-channel logout."""

import pytest

from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import built, new_url, register, wait_for
from tests.clients.running_identity import RunningIdentity
from tests.support.harness.polling import wait_until
from tests.support.servers.optional_programs import JAVA

CHEAP = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-Xshare:auto")


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-13", "OIDC-20", "OIDC-21", "OIDC-22")
def test_spring_security_logs_a_person_in_until_the_binding_ends(
    identity: RunningIdentity, browser: Browser
) -> None:
    java, jar = JAVA.require(), built("spring/pass.jar")
    bound = add_bound_person(identity)
    url = new_url()
    service = register(
        identity,
        *("--redirect-uri", f"{url}/login/oauth2/code/identity"),
        *("--backchannel-uri", f"{url}/logout/connect/back-channel/identity"),
    )
    environment = {
        "IDENTITY_URL": identity.url,
        "CLIENT_ID": service.name,
        "CLIENT_SECRET": service.secret,
        "SERVER_ADDRESS": "localhost",
        "SERVER_PORT": url.rpartition(":")[2],
    }
    running = identity.start_program(str(java), *CHEAP, "-jar", str(jar), environment=environment)
    wait_for(running, url)

    user = browser.log_in(f"{url}/", bound.person).json()
    bound.unbind()

    wait_until(lambda: not browser.is_logged_in(f"{url}/"), what="Spring to end the login")
    running.destroy()
    assert (user["sub"], user["act"]["sub"]) == (bound.company.id, bound.person.id)
    assert user["company"]["tax_id"] == bound.company.tax_id
