"""Free ports from the system, so that parallel runs do not collide."""

import socket
from collections import deque

_recent: deque[int] = deque(maxlen=1000)
"""The ports returned last: the system may offer a port twice while nothing listens on it yet."""


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on now and that was not returned lately."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _recent:
            _recent.append(port)
            return port
