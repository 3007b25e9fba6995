"""A light load generator for machines without wrk: keep-alive connections in one thread, minimal parsing.

Run by its path, with the path of its task, so that it imports nothing else of the tests.
"""

import itertools
import json
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_GOOD = range(200, 400)


class Connection:
    """One keep-alive connection with one request at a time."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._received = bytearray()
        self._began = 0.0

    def ask(self) -> None:
        """Send the next request."""
        self._received.clear()
        self._began = time.perf_counter()
        self.socket.sendall(next(self._requests))

    def take(self) -> tuple[int, float] | None:
        """Read available bytes; return status and milliseconds when the response is complete."""
        self._received += self.socket.recv(65536)
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return int(head[9:12]), (time.perf_counter() - self._began) * 1000


def main() -> None:
    """Run the load of the task; print one line of JSON."""
    task = json.loads(Path(sys.argv[1]).read_text())
    address, requests = _requests(task)
    connections = [Connection(address, requests) for _ in range(task["clients"])]
    answers, spent = _run(connections, task["seconds"])
    times = sorted(milliseconds for _, milliseconds in answers)
    report = {
        "per_second": len(times) / spent,
        "median_ms": statistics.median(times),
        "p99_ms": times[int(len(times) * 0.99)],
        "refused": sum(status not in _GOOD for status, _ in answers),
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _run(connections: list[Connection], seconds: float) -> tuple[list[tuple[int, float]], float]:
    answers: list[tuple[int, float]] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        while (spent := time.perf_counter() - began) < seconds:
            for key, _ in selector.select(1):
                answer = key.data.take()
                if answer is not None:
                    answers.append(answer)
                    key.data.ask()
    return answers, spent


def _requests(task: dict[str, Any]) -> tuple[tuple[str, int], Iterator[bytes]]:
    url = urlsplit(task["url"])
    headers = {"Host": url.netloc, **task["headers"]}
    target = url._replace(scheme="", netloc="").geturl()
    head = f"{task['method']} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
    bodies = [body.encode() for body in task["bodies"]]
    whole = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    return (url.hostname or "", url.port or 80), itertools.cycle(whole or [f"{head}\r\n".encode()])


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    main()
