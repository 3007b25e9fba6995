"""The version of the release: `make docs` copies it from `VERSION` into the files of `_PLACES`."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = ROOT / "VERSION"
SEMANTIC = r"\d+\.\d+\.\d+"
_PLACES = {
    r'(?m)^(version = ")[^"]+': (
        "shared/runtime/pyproject.toml",
        "shared/events/pyproject.toml",
        "services/identity/pyproject.toml",
        "services/mailer/pyproject.toml",
    ),
    r"(?m)^((?:version|appVersion): ).+": ("deploy/helm/Chart.yaml",),
    r"(?m)^(ARG VERSION=).+": ("deploy/images/identity.Dockerfile", "deploy/images/mailer.Dockerfile"),
    rf"(port-(?:identity|mailer|secrets):){SEMANTIC}": (
        "docker-compose.yml",
        "deploy/kubernetes/overlays/local/kustomization.yaml",
    ),
    rf"(newTag: ){SEMANTIC}": (
        "deploy/kubernetes/base/kustomization.yaml",
        "deploy/kubernetes/overlays/production/kustomization.yaml",
    ),
}


def current() -> str:
    return VERSION.read_text().strip()


def documents() -> dict[Path, str]:
    return {
        ROOT / place: re.sub(pattern, rf"\g<1>{current()}", (ROOT / place).read_text())
        for pattern, places in _PLACES.items()
        for place in places
    }
