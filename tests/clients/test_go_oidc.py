"""go-oidc: login, verification of the ID token, and a new key."""

import pytest

from tests.clients.identity import RunningIdentity
from tests.clients.people import Browser, add_agent
from tests.clients.services import built, new_url, register, wait_for


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-13", "OIDC-20", "OIDC-26", "OIDC-27")
def test_go_oidc_logs_a_person_in_and_accepts_a_new_key(identity: RunningIdentity, browser: Browser) -> None:
    program = built("pass-go")
    agent = add_agent(identity)
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

    first = browser.log_in(f"{url}/", agent.person).json()
    identity.rotate_keys()
    second = browser.open(f"{url}/").response.json()
    running.destroy()

    assert (first["sub"], first["act"]["sub"]) == (agent.company.id, agent.person.id)
    assert second["sub"] == agent.company.id
    assert second["kid"] != first["kid"]
