"""Output of commands on terminals that are not UTF-8."""

from __future__ import annotations

import io
import sys


def replace_unencodable() -> None:
    """Print a replacement for each character that the terminal's encoding lacks, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
