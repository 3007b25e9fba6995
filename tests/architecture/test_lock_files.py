"""Packages are pinned by hash without a named index, and each service installs only its own dependencies."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.tracked_files import files
from tests.support import ROOT

LOCKS = [path for path in files() if path.name.endswith("requirements.txt")]
OURS = {"identity", "mailer", "port-events", "port-runtime"}
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return dict(PIN.findall((ROOT / path).read_text()))


def dependencies_of(project_folder: str) -> list[str]:
    project = tomllib.loads((ROOT / project_folder / "pyproject.toml").read_text())["project"]
    dependencies: list[str] = project["dependencies"]
    return dependencies


def lock(name: str) -> set[str]:
    return set(pins(Path(name)))


def test_each_image_the_local_run_and_the_tests_have_a_lock_file() -> None:
    expected = {"services/identity", "services/mailer", "deploy/local", "tests"}

    assert expected <= {path.parent.as_posix() for path in LOCKS}


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize("path", LOCKS, ids=str)
def test_every_pin_has_hashes_and_no_address(path: Path) -> None:
    text = (ROOT / path).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))

    assert [
        block.splitlines()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block
    ] == []
    assert re.findall(r"https?://\S+|^-\S.*", text, flags=re.MULTILINE) == []


@pytest.mark.parametrize("path", LOCKS, ids=str)
def test_no_lock_file_lists_our_own_distributions(path: Path) -> None:
    assert not OURS & set(pins(path))


@pytest.mark.parametrize("service", ["services/identity", "services/mailer"])
def test_each_lock_matches_the_requirements_of_its_service(service: str) -> None:
    locked = pins(Path(service, "requirements.txt"))
    required = [
        Requirement(text)
        for where in (service, "shared/events", "shared/runtime")
        for text in dependencies_of(where)
    ]

    wrong = [
        str(one)
        for one in required
        if one.name not in OURS and not one.specifier.contains(locked.get(one.name, "0"))
    ]
    assert wrong == [], "make lock"


def test_identity_never_installs_dramatiq() -> None:
    assert not {"dramatiq", "mailer", "sendria"} & lock("services/identity/requirements.txt")


def test_the_mailer_never_installs_flask_or_sqlalchemy() -> None:
    unwanted = {
        "flask",
        "flask-sqlalchemy",
        "flask-smorest",
        "sqlalchemy",
        "alembic",
        "marshmallow",
        "psycopg",
    }

    assert not unwanted & lock("services/mailer/requirements.txt")


def test_another_service_installs_only_port_events() -> None:
    assert {Requirement(text).name for text in dependencies_of("shared/events")} == {
        "redis",
        "joserfc",
        "cryptography",
    }


def test_the_tests_use_the_locked_versions_of_the_product() -> None:
    tested = pins(Path("tests/requirements.txt"))
    running = {
        name: version
        for path in ("services/identity", "services/mailer", "deploy/local")
        for name, version in pins(Path(path, "requirements.txt")).items()
        if name != "honcho"
    }

    assert {name: version for name, version in running.items() if tested.get(name) != version} == {}
