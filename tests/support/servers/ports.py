"""Ports for the tests' servers that no parallel run and no outgoing connection uses."""

import atexit
import secrets
import socket
from collections import deque

_LOWEST, _HIGHEST = 20_000, 32_767
"""A range below the ports of outgoing connections, so that a restarted server finds its port free."""
_KEPT = 200
_reservations: deque[socket.socket] = deque()
"""UDP sockets that reserve the newest ports, because all processes of the tests reserve ports this way."""


def free_port() -> int:
    """Return a free TCP port on loopback, and reserve it for a while."""
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
