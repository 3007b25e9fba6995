"""Where tests put what they make: in memory where there is room, for else each commit of theirs waits for the disk."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is made by name and mode, as below /tmp
_LEAST_FREE_BYTES = 2**31


def use_memory() -> None:
    """Have this process and all that it starts take that place for temporary files."""
    if _fits(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _fits(place: Path) -> bool:
    """Tell whether files can be made there, enough of them, and programs among them."""
    return (
        os.access(place, os.W_OK)
        and shutil.disk_usage(place).free >= _LEAST_FREE_BYTES
        and not os.statvfs(place).f_flag & os.ST_NOEXEC
    )
