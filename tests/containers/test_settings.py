"""What compose file, manifests and the example environment file set are settings that there are, all of them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from identity.settings import DatabaseSettings, RelaySettings
from identity.settings import Settings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import describe

from tests.containers.manifests import Document, containers, pods

ROOT = Path(__file__).parents[2]
READ_BY = {
    "identity": IdentitySettings,
    "tidy": IdentitySettings,
    "migrate": DatabaseSettings,
    "relay": RelaySettings,
    "mailer": MailerSettings,
}
ALL = {doc.name for settings in READ_BY.values() for doc in describe(settings)}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
IN_PRODUCTION = {"IDENTITY_REVIEW", "IDENTITY_CONSENT_DIR"}


def plain(names: set[str]) -> set[str]:
    """Return the settings' own names, of NAME and NAME_FILE."""
    return {name.removesuffix("_FILE") if name not in ALL else name for name in names}


def required(service: str) -> set[str]:
    return {doc.name for doc in describe(READ_BY[service]) if doc.required}


@pytest.mark.rule("OPS-5")
def test_the_example_names_every_setting_once() -> None:
    text = (ROOT / "deploy" / "production.env.example").read_text()
    named = [
        name.removesuffix("_FILE") if name.removesuffix("_FILE") in ALL else name
        for name in re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    ]

    assert sorted(named) == sorted(ALL)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("service", sorted(set(READ_BY) & set(COMPOSE)))
def test_the_compose_file_sets_what_must_be_set_and_nothing_unknown(service: str) -> None:
    named = plain(set(COMPOSE[service]["environment"]))

    assert named <= {doc.name for doc in describe(READ_BY[service])}
    assert required(service) <= named


@pytest.mark.rule("OPS-5")
def test_the_manifests_set_what_must_be_set_and_nothing_unknown(overlay: list[Document]) -> None:
    (shared,) = [it["data"] for it in overlay if it["kind"] == "ConfigMap"]
    for name, pod in pods(overlay).items():
        service = name.partition("/")[2]
        if service not in READ_BY:
            continue
        for container in containers(pod):
            own = plain({it["name"] for it in container["env"]})
            assert own <= {doc.name for doc in describe(READ_BY[service])}, name
            assert required(service) <= own | set(shared), name
    assert set(shared) <= ALL


@pytest.mark.rule("SEC-14")
def test_production_decides_what_it_must(production: list[Document]) -> None:
    (shared,) = [it["data"] for it in production if it["kind"] == "ConfigMap"]

    assert shared["IDENTITY_MODE"] == "production"
    assert set(shared) >= IN_PRODUCTION
    assert shared["IDENTITY_PUBLIC_URL"].startswith("https://")
