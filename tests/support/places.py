"""Where the databases of tests lie: in memory where the machine has room there, for none of them is to survive it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - made by name and mode in `mkdtemp`, as below /tmp
_LEAST_FREE_BYTES = 2**31


@cache
def quick_place() -> Path:
    """Return the folder to make others in; on a disk each commit of a test would wait for it."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _LEAST_FREE_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


@contextmanager
def quick_folder(prefix: str) -> Iterator[Path]:
    """Make a folder there, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=quick_place()) as folder:
        yield Path(folder)
