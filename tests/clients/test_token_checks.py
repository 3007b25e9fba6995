"""The registrations of the guide, and how a service checks access tokens by introspection and by JWKS."""

import shlex
from typing import Any

import httpx
import pytest
from joserfc.errors import JoseError

from tests.clients.identity import RunningIdentity
from tests.clients.people import add_agent
from tests.clients.services import PLACE, identity_command
from tests.clients.token_checks import fetch_keys, introspect, verify_access_token
from tests.support.actors.authorization import VERIFIER, ServiceBrowser
from tests.support.actors.oauth_clients import REDIRECT_URI

RESOURCE = "https://gate.example/"


@pytest.fixture(scope="session")
def secrets(identity: RunningIdentity) -> dict[str, str]:
    """The secrets of the services that the guide registers, by their names."""
    lines = (PLACE / "register.sh").read_text().replace("\\\n", " ").splitlines()
    commands = [shlex.split(line)[1:] for line in lines]
    printed = [identity_command(identity, *command).strip() for command in commands]
    return {command[2]: text for command, text in zip(commands, printed, strict=True) if command[1] == "add"}


@pytest.mark.rule("OPS-3", "OIDC-15", "OIDC-20", "OIDC-21", "OIDC-25")
def test_a_service_checks_tokens_by_introspection_and_by_jwks(
    identity: RunningIdentity, secrets: dict[str, str]
) -> None:
    agent = add_agent(identity)
    journey = ServiceBrowser(identity).authorize("pass", resource=RESOURCE).log_in(agent.person)
    token = httpx.post(
        f"{identity.url}/oauth/token",
        auth=("pass", secrets["pass"]),
        data={
            "grant_type": "authorization_code",
            "code": journey.answer["code"],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            "resource": RESOURCE,
        },
    ).json()["access_token"]
    keys = fetch_keys(identity.url)

    def asked() -> dict[str, Any]:
        return introspect(identity.url, token, name="gate", secret=secrets["gate"])

    before = asked()
    claims = verify_access_token(token, keys, identity_url=identity.url, resource=RESOURCE)
    with pytest.raises(JoseError):
        verify_access_token(token, keys, identity_url=identity.url, resource="https://other.example/")
    agent.unbind()
    after = asked()

    for each in (before, claims):
        assert (each["sub"], each["act"]["sub"]) == (agent.company.id, agent.person.id)
    assert (before["active"], after) == (True, {"active": False})
