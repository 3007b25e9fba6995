"""The layout of the repository, its imports, and the paths named in its documents."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.tracked_files import files
from tests.support import ROOT

FOLDERS = {".ci", "deploy", "services", "shared", "tests"}
ROOT_FILES = {
    ".dockerignore", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "VERSION", "docker-compose.yml", "pyproject.toml",
}  # fmt: skip
NO_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
TEXT = {".py", ".toml", ".txt", ".md", ".yml", ".yaml", ".json", ".sh", ".html", ".in", ".cfg", ".conf", ""}
# Hosts of package indexes and home folders do not belong in a repository that others clone.
FORBIDDEN = re.compile(
    r"pypi\.org|pythonhosted|registry\.npmjs|npmmirror|artifactory|--(extra-)?index-url"
    r"|/(root|home)/[a-z.]"
)
# A path or the end of a path in inline code. Files that are created at run time are excluded.
NAMED = re.compile(
    r"(?<![\w./<>-])(?!\.run/|\.venv/|dist/)((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|mjs|sh|md|json|ya?ml|toml|example))?)"
    r"(?![\w/*<…])"
)


def test_the_top_level_has_only_the_listed_files_and_folders() -> None:
    folders = {path.parts[0] for path in files() if len(path.parts) > 1}
    loose = {path.name for path in files() if len(path.parts) == 1}

    assert (folders - FOLDERS, loose - ROOT_FILES) == (set(), set())


def test_the_wheel_of_identity_has_every_package() -> None:
    source = Path("services/identity/src")
    project = tomllib.loads((ROOT / source.parent / "pyproject.toml").read_text())
    packages = {
        ".".join(path.relative_to(source).parent.parts)
        for path in files()
        if path.suffix == ".py" and path.is_relative_to(source)
    }

    assert set(project["tool"]["setuptools"]["packages"]) == packages | {
        "identity_migrations", "identity_migrations.versions",
    }  # fmt: skip


def test_every_package_has_an_init_file() -> None:
    """Setuptools omits a folder without `__init__.py` from the wheel, but the tests' installation includes it."""
    modules = [path for path in files() if path.suffix == ".py" and "src" in path.parts]

    assert {path.parent for path in modules if path.parent.name != "src"} == {
        path.parent for path in modules if path.name == "__init__.py"
    }


def test_no_module_has_a_catch_all_name() -> None:
    assert [path for path in files() if path.suffix == ".py" and path.stem in NO_NAMES] == []


def test_imports_go_in_the_agreed_directions() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_package_index_or_a_home_folder() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in files()
        if path.suffix in TEXT and path.name != Path(__file__).name
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), start=1)
        if FORBIDDEN.search(line)
    ]

    assert found == []


def test_paths_named_in_documents_exist() -> None:
    paths = [f"/{path}" for path in files()]
    missing = [
        f"{document}: {name}"
        for document in files()
        if document.suffix == ".md"
        for code in re.findall(r"`([^`\n]+)`", (ROOT / document).read_text())
        for name in NAMED.findall(code)
        if not any(path.endswith(f"/{name}") or (name.endswith("/") and f"/{name}" in path) for path in paths)
    ]

    assert missing == []


def test_links_in_documents_lead_to_files() -> None:
    broken = [
        f"{document}: {target}"
        for document in files()
        if document.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / document).read_text())
        if not target.startswith(("http://", "https://")) and not (ROOT / document.parent / target).exists()
    ]

    assert broken == []
