"""Reproducible wheels: every build of a commit has identical bytes."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.release.version import ROOT

PROJECTS = ("shared/runtime", "shared/events", "services/identity", "services/mailer")
_BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


class NotReproducibleError(RuntimeError):
    """Two builds of a commit differ; the message names the wheels."""


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def names_committer() -> bool:
    """Return whether git knows a name and a mail address for commits."""
    done = subprocess.run(["git", "var", "GIT_COMMITTER_IDENT"], cwd=ROOT, capture_output=True, check=False)
    return done.returncode == 0


def build(commit: str, output: Path) -> list[Path]:
    """Build the four wheels of a commit from its content only, with its time as SOURCE_DATE_EPOCH."""
    archive = subprocess.run(
        ["git", "-c", "tar.umask=022", "archive", commit, *PROJECTS],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    epoch = git("log", "-1", "--format=%ct", commit)
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as directory:
        # Not with tarfile, which warns without a filter, and has no filters in Debian 12's Python 3.11.2.
        subprocess.run(["tar", "--extract", "--directory", directory], input=archive, umask=0o022, check=True)
        for project in PROJECTS:
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _BUILD, output.resolve()],
                cwd=Path(directory) / project,
                env={**os.environ, "SOURCE_DATE_EPOCH": epoch, "TZ": "UTC"},
                umask=0o022,
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return sorted(output.glob("*.whl"))


def build_twice(commit: str, output: Path) -> list[Path]:
    """Build the wheels twice and compare them. Raises NotReproducibleError."""
    commit = git("rev-parse", commit)
    with TemporaryDirectory() as again:
        first, second = build(commit, output), build(commit, Path(again))
        different = digests(first).items() ^ digests(second).items()
    if different:
        raise NotReproducibleError(", ".join(sorted({name for name, _ in different})))
    return first


def digests(files: list[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by name."""
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}
