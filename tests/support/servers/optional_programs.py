"""Optional programs. A test without its program is skipped with the reason."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT


@dataclass(frozen=True)
class OptionalProgram:
    """A program under one of `names`, what it is needed for, and how to install it."""

    names: tuple[str, ...]
    purpose: str
    remedy: str
    variable: str = ""
    """An environment variable that may name the program."""

    def path(self) -> Path | None:
        """Return the path of the program, or None if it is missing."""
        names = (os.environ.get(self.variable, ""), *self.names)
        found = (shutil.which(name) for name in names if name)
        return next((Path(path) for path in found if path), None)

    def require(self) -> Path:
        """Return the path of the program. Skips the test with the remedy if the program is missing."""
        path = self.path()
        if path is None:
            pytest.skip(f"{self.names[0]} is missing, so {self.purpose} did not run ({self.remedy})")
        return path


CHROMIUM = OptionalProgram(
    ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
    "the browser tests",
    "apt-get install -y --no-install-recommends chromium-headless-shell fonts-noto-cjk, or set CHROMIUM to one",
    "CHROMIUM",
)
PGBOUNCER = OptionalProgram(("pgbouncer",), "the pooler of PostgreSQL", "apt-get install -y pgbouncer")
MUTT = OptionalProgram(("mutt",), "the reading of the mails by mutt", "apt-get install -y mutt")
WRK = OptionalProgram(("wrk",), "the load figures", "apt-get install -y wrk")
DEBIAN_REDIS = OptionalProgram(
    ("redis-server",), "Redis over TLS and Redis 7.0", "apt-get install -y redis-server"
)
KUSTOMIZE = OptionalProgram(
    ("kustomize", "kubectl"),
    "the rendering and validation of the Kubernetes manifests",
    "install kubectl, or go install sigs.k8s.io/kustomize/kustomize/v5@latest",
)
HELM = OptionalProgram(
    ("helm", str(ROOT / ".venv/tools/helm")),
    "the comparison of the Helm chart with the Kubernetes manifests",
    "make clients, with Go 1.26 or newer",
)
APACHE = OptionalProgram(
    ("apache2", "/usr/sbin/apache2"),
    "the login by mod_auth_openidc",
    "apt-get install -y --no-install-recommends libapache2-mod-auth-openidc",
)
JAVA = OptionalProgram(
    ("java",), "the login by Spring Security", "apt-get install -y openjdk-17-jre-headless"
)
SYSTEMD = OptionalProgram(("systemd-analyze",), "the check of systemd's units", "apt-get install -y systemd")
