"""Where the metrics of several processes meet: files of each process in one directory, added up at a scrape.

prometheus_client decides at its import whether it keeps values in such files. So this module does not import it, and
`directory` is called by the command before anything that does.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Final

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


def create_directory(prefix: str) -> str:
    """Make a private directory and have all metrics of this process and its children kept in it."""
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported before its values could be shared")
    path = tempfile.mkdtemp(prefix=prefix)
    os.environ[_VARIABLE] = path
    return path


def mark_process_dead(path: str, process_id: int) -> None:
    """Note that a process is gone: its counts stay, what it had in hand does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process_id, path)  # type: ignore[no-untyped-call]  # prometheus-client does not type it


def remove_directory(path: str) -> None:
    """Delete the directory, when the last process leaves."""
    shutil.rmtree(path, ignore_errors=True)
