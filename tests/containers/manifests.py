"""The Kubernetes manifests as kustomize renders them, with secrets created for the test."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.containers.secret_files import main as make_secret_files
from tests.support import ROOT
from tests.support.servers.optional_programs import KUSTOMIZE

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("local", "production")
NAMESPACE = "port-identity"
Document = dict[str, Any]


def render(overlay: str, directory: Path, *components: str, **settings: str) -> list[Document]:
    """Return the documents of an overlay with extra components and settings. Skips the test without kustomize."""
    copy = directory / "kubernetes"
    directory.mkdir(exist_ok=True)
    shutil.copytree(KUBERNETES.with_name("observability"), directory / "observability")
    shutil.copytree(KUBERNETES, copy, ignore=shutil.ignore_patterns("secrets"))
    make_secret_files(copy / "overlays" / "local" / "secrets", give=False)
    if components or settings:
        overlay = _own_overlay(copy / "overlays", overlay, components, settings)
    return build(copy / "overlays" / overlay)


def load(text: str) -> list[Document]:
    """Return the documents of a YAML text, read by the C loader, which takes a tenth of the time."""
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def build(directory: Path) -> list[Document]:
    """Return the documents of a folder with a kustomization. Skips the test without kustomize."""
    tool = KUSTOMIZE.require()
    verb = "build" if tool.name == "kustomize" else "kustomize"
    done = subprocess.run([tool, verb, directory], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load(done.stdout)


def _own_overlay(
    overlays: Path, overlay: str, components: tuple[str, ...], settings: Mapping[str, str]
) -> str:
    own = f"{overlay}-with-{'-'.join((*components, *settings)).lower()}"
    literals = [f"{name}={value}" for name, value in settings.items()]
    merged = {"name": "settings", "namespace": NAMESPACE, "behavior": "merge", "literals": literals}
    text = {
        "resources": [f"../{overlay}"],
        "components": [f"../../components/{it}" for it in components],
        "configMapGenerator": [merged] if settings else [],
    }
    (overlays / own).mkdir()
    (overlays / own / "kustomization.yaml").write_text(yaml.safe_dump(text))
    return own


def name_of(document: Document) -> str:
    """Return kind and name, e.g. `Deployment/identity`."""
    return f"{document['kind']}/{document['metadata']['name']}"


def pods(documents: list[Document]) -> dict[str, Document]:
    """Return the pod templates of the documents, by kind and name."""
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
    return render(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    return render("production", tmp_path_factory.mktemp("production"))
