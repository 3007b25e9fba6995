"""The health check of the container images, which contain no curl.

    python -m port_runtime.probe http://127.0.0.1:8000/readyz

Exits with 0 for status 200, otherwise with 1 and a line on standard error. Uses no proxy and follows no redirect.
"""

from __future__ import annotations

import http.client
import sys
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 2.5


def probe_error(address: str) -> str | None:
    """Return the reason of a failed check, or None if the check passed."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    return None if status == http.client.OK else f"answered {status}"


def main(arguments: list[str]) -> int:
    """Probe the URL in the only argument; return the exit code."""
    (address,) = arguments
    if found := probe_error(address):
        sys.stderr.write(f"{address}: {found}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
