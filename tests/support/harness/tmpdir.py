"""Puts temporary files into memory if there is enough space, because commits on disk are slow."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - tempfile creates files there as safely as in /tmp
_MIN_FREE_BYTES = 2**31


def use_memory() -> None:
    """Let this process and its children use memory for temporary files, if there is enough."""
    if _fits(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _fits(folder: Path) -> bool:
    """Return whether the folder has enough space and allows files and programs."""
    return (
        os.access(folder, os.W_OK)
        and shutil.disk_usage(folder).free >= _MIN_FREE_BYTES
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    )
