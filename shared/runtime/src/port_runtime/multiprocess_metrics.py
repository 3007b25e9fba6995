"""Metrics of several processes: each writes files to a shared directory; a scrape adds them up.

prometheus_client decides at import whether it uses such files. Therefore this module does not import it at module
level, and `create_directory` must be called before its first import.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Final

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


def create_directory(prefix: str) -> str:
    """Create a private directory for the metrics of this process and its children, and tell prometheus_client.

    Raises RuntimeError if prometheus_client was imported before.
    """
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported before its directory was created")
    path = tempfile.mkdtemp(prefix=prefix)
    os.environ[_VARIABLE] = path
    return path


def mark_process_dead(path: str, process_id: int) -> None:
    """Delete the gauges of a process that has ended; its counters and histograms stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process_id, path)  # type: ignore[no-untyped-call]  # prometheus-client does not type it


def remove_directory(path: str) -> None:
    """Delete the directory. Call this after the last process has ended."""
    shutil.rmtree(path, ignore_errors=True)
