"""The files of the repository according to git."""

import subprocess
from functools import cache
from pathlib import Path

from tests.support import ROOT


@cache
def files() -> tuple[Path, ...]:
    """Return all files that git tracks or would add, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return tuple(sorted(Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()))
