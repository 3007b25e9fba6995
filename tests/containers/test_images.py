"""Requirements for every image, read from its Dockerfile (SEC-15); test_containers.py checks running containers."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support import ROOT

IMAGES = sorted((ROOT / "deploy" / "images").glob("*.Dockerfile"))
LABELS = {"title", "description", "licenses", "version", "revision", "created", "base.name"}

pytestmark = pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)


def instructions(image: Path) -> list[tuple[str, str]]:
    """Return each instruction with its arguments; continued lines are joined."""
    text = re.sub(r"^\s*#.*\n", "", image.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def last_stage(image: Path) -> dict[str, list[str]]:
    """Return the arguments of each instruction of the shipped stage."""
    found: dict[str, list[str]] = {}
    for word, arguments in instructions(image):
        if word == "FROM":
            found = {}
        found.setdefault(word, []).append(arguments)
    return found


def test_hadolint_reports_nothing(image: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    done = subprocess.run(
        [hadolint, "--no-color", "--failure-threshold", "style", image],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.rule("SEC-15")
def test_the_shipped_environment_is_built_in_another_stage(image: Path) -> None:
    stages = [arguments for word, arguments in instructions(image) if word == "FROM"]
    shipped = last_stage(image)

    assert len(stages) >= 2
    assert "RUN" not in shipped
    assert [copied for copied in shipped["COPY"] if not copied.startswith("--from=build ")] == []


@pytest.mark.rule("SEC-15")
def test_every_stage_uses_the_base_image_argument_which_has_a_version(image: Path) -> None:
    bases = {arguments.split()[0] for word, arguments in instructions(image) if word == "FROM"}
    (default,) = {
        arguments.partition("=")[2] for word, arguments in instructions(image) if "PYTHON_IMAGE=" in arguments
        if word == "ARG"
    }  # fmt: skip

    assert bases == {"${PYTHON_IMAGE}"}
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", default)


@pytest.mark.rule("SEC-15")
def test_packages_are_installed_by_hash_without_build_tools(image: Path) -> None:
    runs = [arguments for word, arguments in instructions(image) if word == "RUN"]
    installs = [run for run in runs if "pip install" in run]

    assert [run for run in installs if "--require-hashes" not in run and "--no-deps" not in run] == []
    assert [run for run in runs if "apt-get" in run or "curl" in run or "http" in run] == []
    assert any("pip uninstall --yes --quiet setuptools pip" in run for run in runs)


@pytest.mark.rule("SEC-15")
def test_the_process_runs_as_a_fixed_user_and_receives_signals(image: Path) -> None:
    shipped = last_stage(image)

    assert shipped["USER"] == ["10001:10001"]
    assert shipped["STOPSIGNAL"] == ["SIGTERM"]
    assert [
        json.loads(words) for words in shipped["ENTRYPOINT"] + shipped["CMD"]
    ]  # exec form, without a shell


@pytest.mark.rule("OPS-4")
def test_the_health_check_needs_no_http_client(image: Path) -> None:
    (check,) = last_stage(image)["HEALTHCHECK"]

    assert json.loads(check.partition("CMD ")[2])[:3] == ["python3", "-m", "port_runtime.probe"]


def test_the_image_has_oci_labels(image: Path) -> None:
    (labels,) = last_stage(image)["LABEL"]

    assert set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", labels)) == LABELS


def test_the_image_has_the_services_version(image: Path) -> None:
    service = image.name.partition(".")[0]
    project = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text())["project"]

    assert f"VERSION={project['version']}" in last_stage(image)["ARG"]
