"""The steps of `make release` and `make dist`: `prepare VERSION`, `tag`, `build DIRECTORY UV`."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from deploy.release import changelog, sbom, wheels
from deploy.release.version import ROOT, SEMANTIC, VERSION, current
from deploy.release.wheels import git, names_committer

CHANGELOG = ROOT / "CHANGELOG.md"


def prepare(version: str) -> None:
    """Write the version and its section of the changelog, or exit with the reason why it cannot be released."""
    if not re.fullmatch(SEMANTIC, version):
        sys.exit(f"VERSION={version} is not a version like 1.2.3")
    if git("status", "--porcelain"):
        sys.exit("the working tree has uncommitted changes")
    if git("tag", "--list", f"v{version}"):
        sys.exit(f"v{version} is already released")
    if not names_committer():
        sys.exit("git does not know who you are, so it could not commit: set user.name and user.email")
    try:
        text = changelog.cut(CHANGELOG.read_text(), version, on=datetime.now(UTC).date())
    except changelog.NothingToReleaseError:
        sys.exit("CHANGELOG.md has nothing under [Unreleased]")
    CHANGELOG.write_text(text)
    VERSION.write_text(f"{version}\n")


def tag() -> None:
    """Commit the changes of `prepare` and `make docs`, and create an annotated tag.

    The tag's message is the version with its section of the changelog.
    """
    version = current()
    git("commit", "--all", "--message", f"release: {version}")
    notes = changelog.section(CHANGELOG.read_text(), version)
    git("tag", "--annotate", "--cleanup=verbatim", "--message", f"{version}\n\n{notes}", f"v{version}")


def build(directory: str, uv: str) -> None:
    """Build the wheels of HEAD twice, compare them, and write each service's bill of materials and SHA256SUMS."""
    output = Path(directory).resolve()
    if output.exists() and any(output.iterdir()):
        sys.exit(f"{output} is not empty")
    made = wheels.build_twice("HEAD", output)
    files = [*made, *(sbom.write(service, output, uv=Path(uv).resolve()) for service in sbom.SERVICES)]
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(wheels.digests(files).items()))
    (output / "SHA256SUMS").write_text(sums)
    print(sums, end="")


if __name__ == "__main__":
    steps: dict[str, Callable[..., None]] = {"prepare": prepare, "tag": tag, "build": build}
    steps[sys.argv[1]](*sys.argv[2:])
