"""Free ports for the tests' servers, which neither parallel runs nor outgoing connections use."""

import atexit
import secrets
import socket
from collections import deque

_LOWEST, _HIGHEST = 20_000, 32_767
"""A range below the ports of outgoing connections, so that a restarted server finds its port free."""
_MAX_RESERVATIONS = 200
_reservations: deque[socket.socket] = deque()
"""UDP sockets on the newest ports: another test process cannot bind them and chooses other ports."""


def free_port() -> int:
    """Return a free TCP port on loopback, and reserve it until this process has reserved 200 others."""
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
        if len(_reservations) > _MAX_RESERVATIONS:
            _reservations.popleft().close()
        return port


@atexit.register
def _release() -> None:
    for reservation in _reservations:
        reservation.close()
