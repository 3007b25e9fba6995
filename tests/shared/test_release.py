"""A release has one version everywhere, a section of the changelog, a tag, and reproducible wheels."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from deploy.release import changelog, version
from deploy.release.wheels import build_twice
from tests.support import ROOT

pytestmark = pytest.mark.processes
IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.tw", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.tw"}  # fmt: skip


class Copy:
    """A clone of the repository with the current release code."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self.git("clone", "--quiet", "--no-tags", "--shared", ROOT, directory, cwd=ROOT)
        shutil.copytree(ROOT / "deploy/release", directory / "deploy/release", dirs_exist_ok=True)
        shutil.copy(ROOT / "VERSION", directory)
        # While a release is made, the real changelog has no unreleased entry.
        self.write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n- new\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "now")

    def git(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self._root, env={**os.environ, **IDENTITY}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def release(self, *arguments: str, **variables: str) -> str:
        """Run a step of the release; return its standard error if it fails, else ""."""
        done = subprocess.run(
            [sys.executable, "-m", "deploy.release", *arguments],
            cwd=self._root, env={**os.environ, **IDENTITY, "PYTHONPATH": str(self._root), **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stderr if done.returncode else ""

    def read(self, name: str) -> str:
        return (self._root / name).read_text()

    def write(self, name: str, text: str) -> None:
        (self._root / name).write_text(text)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy")


def test_a_release_has_a_commit_a_tag_and_a_section_of_the_changelog(copy: Copy) -> None:
    assert (copy.release("prepare", "9.8.7"), copy.release("tag")) == ("", "")

    after = copy.read("CHANGELOG.md")
    assert (copy.read("VERSION"), copy.git("status", "--porcelain")) == ("9.8.7\n", "")
    assert (changelog.section(after, "Unreleased"), changelog.section(after, "9.8.7")) == ("", "- new")
    assert copy.git("log", "-1", "--format=%s%n%D").startswith("release: 9.8.7\nHEAD -> ")
    assert "- new" in copy.git("tag", "--list", "v9.8.7", "--format=%(contents)")


def test_a_release_is_refused_with_the_reason(copy: Copy) -> None:
    copy.git("tag", "v1.0.0")

    assert "not a version" in copy.release("prepare", "1.0")
    assert "who you are" in copy.release("prepare", "1.0.2", GIT_COMMITTER_NAME=" ")
    assert "already released" in copy.release("prepare", "1.0.0")
    copy.write("VERSION", "1.0.1\n")
    assert "uncommitted changes" in copy.release("prepare", "1.0.2")
    copy.write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n")
    copy.git("commit", "--quiet", "--all", "--message", "nothing to release")
    assert "nothing under [Unreleased]" in copy.release("prepare", "1.0.2")


def test_the_newest_section_comes_first_and_the_others_are_unchanged() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [0.1.0] - 2026-01-01\n\n- old\n"

    assert changelog.cut(text, "0.2.0", on=date(2026, 2, 1)) == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n- new\n\n## [0.1.0] - 2026-01-01\n\n- old\n"
    )


def test_all_versions_come_from_one_file() -> None:
    repeated = version.documents()

    assert {path.read_text() == text for path, text in repeated.items()} == {True}
    assert [path for path, text in repeated.items() if version.current() not in text] == []


@pytest.mark.parametrize("command", ["identity", "mailer"])
def test_each_command_prints_its_version(command: str) -> None:
    program = Path(sys.executable).with_name(command)

    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout

    assert said == f"{command}, version {version.current()}\n"


def test_two_builds_of_a_commit_give_the_same_wheels(tmp_path: Path) -> None:
    wheels = build_twice("HEAD", tmp_path)

    assert [wheel.name.partition("-")[0] for wheel in wheels] == [
        "identity",
        "mailer",
        "port_events",
        "port_runtime",
    ]
