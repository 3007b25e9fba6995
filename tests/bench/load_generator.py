"""A light load generator with keep-alive connections in one thread and minimal parsing. SIGTERM ends the load early.

`http_load` runs it by its path, so it imports no other module of the tests. Its argument is the path of a JSON file,
the task; it prints the result as one line of JSON.
"""

import itertools
import json
import selectors
import signal
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_GOOD = range(200, 400)
_TIMEOUT_SECONDS = 30


class Connection:
    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._received = bytearray()
        self._began = 0.0

    def send(self) -> None:
        self._received.clear()
        self._began = time.perf_counter()
        self.socket.sendall(next(self._requests))

    def receive(self) -> tuple[int, float] | None:
        """Read available bytes; return status and milliseconds of a complete response, otherwise None."""
        received = self.socket.recv(65536)
        if not received:
            sys.exit("the server closed a connection")
        self._received += received
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return int(head[9:12]), (time.perf_counter() - self._began) * 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_late` if it arrived after the end of the load."""

    status: int
    milliseconds: float
    is_late: bool


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    address, requests = _requests(task)
    connections = [Connection(address, requests) for _ in range(task["clients"])]
    answers, spent = _run(connections, task["seconds"])
    times = sorted(answer.milliseconds for answer in answers)
    report = {
        "requests": len(answers),
        "per_second": sum(not answer.is_late for answer in answers) / spent if spent else 0.0,
        "median_ms": statistics.median(times),
        "p99_ms": times[int(len(times) * 0.99)],
        "refused": sum(answer.status not in _GOOD for answer in answers),
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _run(connections: list[Connection], seconds: float) -> tuple[list[Answer], float]:
    """Send for `seconds` and wait for the last answers; return all, and the seconds to the last that was in time."""
    is_stopped: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: is_stopped.append(True))
    answers: list[Answer] = []
    began, spent = time.perf_counter(), 0.0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        waiting = len(connections)
        while waiting:
            if not (ready := selector.select(_TIMEOUT_SECONDS)):
                sys.exit(f"no answer within {_TIMEOUT_SECONDS} s")
            for key, _ in ready:
                is_over = bool(is_stopped) or time.perf_counter() - began >= seconds
                if (response := key.data.receive()) is None:
                    continue
                status, milliseconds = response
                answers.append(Answer(status, milliseconds, is_over))
                if is_over:
                    waiting -= 1
                else:
                    spent = time.perf_counter() - began
                    key.data.send()
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
