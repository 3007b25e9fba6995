"""The Kubernetes manifests as kubectl renders them, with secrets created for the test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.containers.secret_files import main as make_secret_files
from tests.support import ROOT
from tests.support.servers.programs import KUSTOMIZE

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("local", "production")
Document = dict[str, Any]


def render(overlay: str, directory: Path, *components: str) -> list[Document]:
    """Return the documents of an overlay with extra components; skips the test without kustomize."""
    tool = KUSTOMIZE.require()
    copy = directory / "kubernetes"
    directory.mkdir(exist_ok=True)
    shutil.copytree(KUBERNETES.with_name("observability"), directory / "observability")
    shutil.copytree(KUBERNETES, copy, ignore=shutil.ignore_patterns("secrets"))
    make_secret_files(copy / "overlays" / "local" / "secrets", give=False)
    if components:
        overlay = _with_components(copy / "overlays", overlay, components)
    verb = "build" if tool.name == "kustomize" else "kustomize"
    done = subprocess.run(
        [tool, verb, copy / "overlays" / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def _with_components(overlays: Path, overlay: str, components: tuple[str, ...]) -> str:
    own = f"{overlay}-with-{'-'.join(components)}"
    text = {"resources": [f"../{overlay}"], "components": [f"../../components/{it}" for it in components]}
    (overlays / own).mkdir()
    (overlays / own / "kustomization.yaml").write_text(yaml.safe_dump(text))
    return own


def name_of(document: Document) -> str:
    """Return kind and name, e.g. `Deployment/identity`."""
    return f"{document['kind']}/{document['metadata']['name']}"


def pods(documents: list[Document]) -> dict[str, Document]:
    """Return the pod template of each document that has one, by kind and name."""
    return {name_of(it): found for it in documents if (found := _template(it)) is not None}


def _template(document: Document) -> Document | None:
    spec = document.get("spec", {})
    template: Document | None = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return template


def containers(pod: Document) -> Iterator[Document]:
    """Yield the containers of a pod template, including init containers."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """The documents of each overlay."""
    return render(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """The documents of the overlay `production`."""
    return render("production", tmp_path_factory.mktemp("production"))
