"""Web processes share connections that are opened at the same time.

Which process accepts a connection depends on the scheduler, so the test checks the delay in each worker.
"""

import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest
from identity.processes.web_server.gunicorn_worker import Worker


class AcceptingWorker(Worker):
    """A worker without an event loop that stores the accepted connections."""

    def __init__(self, *, workers: int) -> None:
        self.cfg = SimpleNamespace(workers=workers)
        self.nr_conns = 0
        self.accepted: list[socket.socket] = []

    def enqueue_req(self, conn: Any) -> None:
        self.accepted.append(conn.sock)


@pytest.mark.parametrize(
    ("workers", "delays"),
    [(2, [0.0, 0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0005]), (1, [])],
    ids=["of two", "alone"],
)
def test_a_worker_with_more_connections_accepts_later(
    monkeypatch: pytest.MonkeyPatch, workers: int, delays: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    worker = AcceptingWorker(workers=workers)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(7)]
        for _ in clients:
            worker.accept(listener)
    for each in (*clients, *worker.accepted):
        each.close()

    assert len(worker.accepted) == 7
    assert waited == pytest.approx(delays)
