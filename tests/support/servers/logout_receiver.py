"""A service that receives logout tokens (OIDC-22)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import serve_http


@dataclass(frozen=True)
class Received:
    """A received POST; `at` is time.monotonic() at its receipt."""

    path: str
    content_type: str
    form: dict[str, list[str]]
    at: float

    @property
    def token(self) -> str:
        return self.form["logout_token"][0]


class LogoutReceiver:
    """Answers each POST with the next of `answers`, or with 200 after the last.

    `most_at_once` is the largest number of POSTs that waited for an answer at the same time.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[Received] = []
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""
        self._free = threading.Event()
        self._free.set()
        self._lock = threading.Lock()

    def hang(self) -> None:
        """Delay all answers until `release`, for at most 30 seconds."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def wait_for(self, count: int = 1) -> list[Received]:
        """Wait for this number of POSTs; return all received so far."""
        wait_until(lambda: len(self.received) >= count, what=f"{count} logout tokens")
        return self.received

    def receive(self, received: Received) -> int:
        """Record a POST; return the status of its answer, after `release` if the receiver hangs."""
        with self._lock:
            self.received.append(received)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            status = self.answers.pop(0) if self.answers else 200
        self._free.wait(30)
        with self._lock:
            self.at_once -= 1
        return status


@contextmanager
def logout_receiver() -> Iterator[LogoutReceiver]:
    receiver = LogoutReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = parse_qs(body, keep_blank_values=True)
            status = receiver.receive(
                Received(self.path, self.headers["Content-Type"], form, time.monotonic())
            )
            try:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
            except OSError:
                pass  # the sender has closed the connection

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with serve_http(server) as receiver.url:
        yield receiver
        receiver.release()
