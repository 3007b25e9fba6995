"""The guide's registrations and its checks of access tokens, by introspection and by JWKS."""

import shlex
from typing import Any

import httpx
import pytest
from joserfc.errors import JoseError

from tests.clients.bound_person import add_bound_person
from tests.clients.registered_services import FOLDER, identity_command
from tests.clients.running_identity import RunningIdentity
from tests.clients.token_checks import fetch_keys, introspect, token_for, verify_access_token
from tests.support.actors.authorization_browser import VERIFIER, ServiceBrowser
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import Person

RESOURCE = "https://gate.example/"


@pytest.fixture(scope="session")
def secrets(identity: RunningIdentity) -> dict[str, str]:
    """The secrets of the services that the guide registers, by name."""
    lines = (FOLDER / "register_services.sh").read_text().replace("\\\n", " ").splitlines()
    commands = [shlex.split(line)[1:] for line in lines]
    printed = [identity_command(identity, *command).strip() for command in commands]
    return {command[2]: text for command, text in zip(commands, printed, strict=True) if command[1] == "add"}


def logged_in(identity: RunningIdentity, secrets: dict[str, str], person: Person, **parameters: str) -> str:
    """Log a person in at `pass`; return the access token."""
    journey = ServiceBrowser(identity).authorize("pass", **parameters).log_in(person)
    form = {
        "grant_type": "authorization_code",
        "code": journey.answer["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **parameters,
    }
    answer = httpx.post(f"{identity.url}/oauth/token", auth=("pass", secrets["pass"]), data=form)
    return str(answer.json()["access_token"])


@pytest.mark.rule("OIDC-19")
def test_a_service_exchanges_a_token_for_a_token_of_another_service(
    identity: RunningIdentity, secrets: dict[str, str]
) -> None:
    bound = add_bound_person(identity)
    token = logged_in(identity, secrets, bound.person)

    exchanged = token_for(identity.url, token, RESOURCE, name="pass", secret=secrets["pass"])

    claims = verify_access_token(
        exchanged, fetch_keys(identity.url), identity_url=identity.url, resource=RESOURCE
    )
    assert claims["act"] == {"sub": "pass", "act": {"sub": bound.person.id}}


@pytest.mark.rule("OPS-3", "OIDC-15", "OIDC-20", "OIDC-21", "OIDC-25")
def test_a_service_checks_tokens_by_introspection_and_by_jwks(
    identity: RunningIdentity, secrets: dict[str, str]
) -> None:
    bound = add_bound_person(identity)
    token = logged_in(identity, secrets, bound.person, resource=RESOURCE)
    keys = fetch_keys(identity.url)

    def introspection() -> dict[str, Any]:
        return introspect(identity.url, token, name="gate", secret=secrets["gate"])

    before = introspection()
    claims = verify_access_token(token, keys, identity_url=identity.url, resource=RESOURCE)
    with pytest.raises(JoseError):
        verify_access_token(token, keys, identity_url=identity.url, resource="https://other.example/")
    bound.unbind()
    after = introspection()

    for each in (before, claims):
        assert (each["sub"], each["act"]["sub"]) == (bound.company.id, bound.person.id)
    assert (before["active"], after) == (True, {"active": False})
