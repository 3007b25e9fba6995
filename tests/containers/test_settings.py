"""Compose file and manifests set every required setting and no unknown setting."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from identity.settings.database import DatabaseSettings
from identity.settings.notify import NotifySettings
from identity.settings.relay import RelaySettings
from identity.settings.tidy import TidySettings
from identity.settings.web import WebSettings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import describe, load
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from deploy.containers.secret_files import DATABASE_ROLES
from deploy.containers.secret_files import main as make_secret_files
from tests.containers.manifests import Document, containers, pods
from tests.support import ROOT
from tests.support.servers.postgres import PostgresCluster

READ_BY: dict[str, tuple[type, ...]] = {
    "identity": (IdentitySettings,),
    "tidy": (TidySettings,),
    "migrate": (DatabaseSettings,),
    "relay": (RelaySettings,),
    "notify": (NotifySettings,),
    "mailer": (MailerSettings,),
}
ALL = {doc.name for kinds in READ_BY.values() for kind in kinds for doc in describe(kind)}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
IN_PRODUCTION = {"IDENTITY_REVIEW", "IDENTITY_CONSENT_DIR"}


def plain(names: set[str]) -> set[str]:
    """Return the names of the settings, without the suffix _FILE."""
    return {name.removesuffix("_FILE") if name not in ALL else name for name in names}


def known(service: str) -> set[str]:
    return {doc.name for kind in READ_BY[service] for doc in describe(kind)}


def required(service: str) -> set[str]:
    return {doc.name for kind in READ_BY[service] for doc in describe(kind) if doc.required}


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("service", sorted(set(READ_BY) & set(COMPOSE)))
def test_the_compose_file_sets_every_required_and_no_unknown_variable(service: str) -> None:
    named = plain(set(COMPOSE[service]["environment"]))

    assert named <= known(service)
    assert required(service) <= named


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("service", sorted(set(READ_BY) & set(COMPOSE)))
def test_every_process_accepts_the_environment_of_its_container(service: str, tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    named: dict[str, str] = COMPOSE[service]["environment"]

    environment = {name: in_container(value, tmp_path / service) for name, value in named.items()}

    for kind in READ_BY[service]:
        assert load(kind, environment) is not None


@pytest.mark.rule("OPS-5")
def test_the_manifests_set_every_required_and_no_unknown_variable(overlay: list[Document]) -> None:
    (shared,) = [it["data"] for it in overlay if it["kind"] == "ConfigMap"]
    for name, pod in pods(overlay).items():
        service = name.partition("/")[2]
        if service not in READ_BY:
            continue
        for container in containers(pod):
            own = plain({it["name"] for it in container["env"]})
            assert own <= known(service), name
            assert required(service) <= own | (set(shared) if "envFrom" in container else set()), name
    assert set(shared) <= ALL


@pytest.mark.rule("SEC-14")
def test_production_sets_every_setting_without_a_safe_default(production: list[Document]) -> None:
    (shared,) = [it["data"] for it in production if it["kind"] == "ConfigMap"]

    assert shared["IDENTITY_MODE"] == "production"
    assert set(shared) >= IN_PRODUCTION
    assert shared["IDENTITY_PUBLIC_URL"].startswith("https://")


@pytest.mark.rule("OPS-5", "SEC-14")
def test_every_process_accepts_the_environment_of_its_pod(overlay: list[Document], tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    (tmp_path / "mailer" / "smtp_url").write_text("smtps://port:password@mail.example.tw")
    for url in (*tmp_path.glob("*/relay_url"), *tmp_path.glob("*/mailer_url")):
        url.write_text(url.read_text().replace("redis://", "rediss://"))
    for url in tmp_path.glob("*/database_url"):
        url.write_text(f"{url.read_text().strip()}?sslmode=verify-full")
    (shared,) = [it["data"] for it in overlay if it["kind"] == "ConfigMap"]
    for name, pod in pods(overlay).items():
        service = name.partition("/")[2]
        for container in containers(pod) if service in READ_BY else ():
            own = {it["name"]: here(it["value"], tmp_path / service) for it in container["env"]}
            environment = {**(shared if "envFrom" in container else {}), **own}
            if "IDENTITY_CONSENT_DIR" in environment:
                environment["IDENTITY_CONSENT_DIR"] = str(tmp_path)

            for kind in READ_BY[service]:
                assert load(kind, environment) is not None


@pytest.mark.rule("SEC-17")
def test_every_process_has_its_own_role_in_the_database(postgres: PostgresCluster, tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    url = postgres.create_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute((tmp_path / "roles" / "roles.sql").read_bytes())

    users = {}
    for service in DATABASE_ROLES:
        own = make_url((tmp_path / service / "database_url").read_text())
        here = make_url(url).set(username=own.username, password=own.password)
        with create_engine(here, poolclass=NullPool).connect() as connection:
            users[service] = connection.scalar(text("SELECT current_user"))

    postgres.drop_database(url)
    assert users == DATABASE_ROLES


def in_container(value: str, secrets: Path) -> str:
    """Return Compose's value with the defaults of variables; for a secret, the path of the test's file."""
    return here(re.sub(r"\$\{[A-Z_]+:-(.*?)\}", r"\1", value), secrets)


def here(value: str, secrets: Path) -> str:
    """Return the value; for a mounted secret, the path of the test's file."""
    return str(secrets / Path(value).name) if value.startswith("/run/secrets/") else value
