"""Ports given by the system, so that runs side by side never meet."""

import socket


def free_port() -> int:
    """Return a TCP port of loopback that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
