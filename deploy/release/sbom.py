"""The software bill of materials (CycloneDX) of a service: its wheel and all installed packages."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.release.version import ROOT

SERVICES = ("identity", "mailer")


def write(service: str, wheels: Path, *, uv: Path) -> Path:
    """Install a service into a separate environment, as its image does; write the bill next to the wheels."""
    project, bill = ROOT / "services" / service, wheels / f"{service}.cdx.json"
    with TemporaryDirectory() as directory:
        python = Path(directory) / "bin" / "python"
        install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
        # By name, because an installation from a path would put the path into the bill.
        ours: list[str | Path] = [
            "--no-index",
            "--find-links",
            wheels,
            "--no-deps",
            service,
            "port-events",
            "port-runtime",
        ]
        cyclonedx: list[str | Path] = [
            Path(sys.executable).with_name("cyclonedx-py"),
            "environment",
            "--output-reproducible",
        ]
        commands: tuple[list[str | Path], ...] = (
            [uv, "venv", "--quiet", "--python", sys.executable, directory],
            [*install, "--require-hashes", "--requirements", project / "requirements.txt"],
            [*install, *ours],
            [python.with_name(service), "--version"],
            [*cyclonedx, "--pyproject", project / "pyproject.toml", "--output-file", bill, python],
        )
        for command in commands:
            subprocess.run(command, check=True, cwd=ROOT)
    return bill
