"""go-oidc: login, verification of the ID token, and a new key."""

import pytest

from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import built, new_url, register, wait_for
from tests.clients.running_identity import RunningIdentity


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-13", "OIDC-20", "OIDC-26", "OIDC-27")
def test_go_oidc_logs_a_person_in_and_accepts_a_new_key(identity: RunningIdentity, browser: Browser) -> None:
    program = built("pass-go")
    bound = add_bound_person(identity)
    url = new_url()
    service = register(identity, "--redirect-uri", f"{url}/callback")
    environment = {
        "IDENTITY_URL": identity.url,
        "CLIENT_ID": service.name,
        "CLIENT_SECRET": service.secret,
        "PASS_URL": url,
    }
    running = identity.start_program(str(program), environment=environment)
    wait_for(running, url)

    first = browser.log_in(f"{url}/", bound.person).json()
    identity.rotate_keys()
    second = browser.open(f"{url}/").response.json()
    running.destroy()

    assert (first["sub"], first["act"]["sub"]) == (bound.company.id, bound.person.id)
    assert second["sub"] == bound.company.id
    assert second["kid"] != first["kid"]
