"""`python -m port_events.documents write|check`."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from port_events.documents import stale, write


def main(arguments: list[str], out: TextIO) -> int:
    """Write or check the documents; return the exit code, 1 if the check finds a stale document."""
    parser = argparse.ArgumentParser(prog="python -m port_events.documents", description=__doc__)
    parser.add_argument("command", choices=["write", "check"])
    writing = parser.parse_args(arguments).command == "write"
    names = write() if writing else stale()
    out.writelines(f"{'written' if writing else 'stale'}: {name}\n" for name in names)
    return 1 if names and not writing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
