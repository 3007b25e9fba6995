"""Ports for servers of the tests, which parallel runs and outgoing connections do not take."""

import atexit
import secrets
import socket
from collections import deque

_LOWEST, _HIGHEST = 20_000, 32_767
"""Systems choose the ports of outgoing connections above these, so a server that starts again finds its port free."""
_KEPT = 200
_reservations: deque[socket.socket] = deque()
"""UDP sockets on the newest ports. Every process of the tests reserves its ports in this way."""


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on, and that no other call returns for a while."""
    while True:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST + 1)
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        _reservations.append(reservation)
        if len(_reservations) > _KEPT:
            _reservations.popleft().close()
        return port


@atexit.register
def _release() -> None:
    for reservation in _reservations:
        reservation.close()
