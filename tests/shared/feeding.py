"""A feed as identity serves it, over HTTP, with faults on request; and the stream that it belongs to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from port_events.envelope import STREAM, to_json
from redis import Redis

from tests.shared.builders import an_event, fields_of

SECRET = "hush-service-secret"


class Published:
    """What identity's database has published: to the feed for ever, to a stream until that is trimmed."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.oldest = 1
        self.asked: list[str] = []
        self.faults: list[tuple[int, bytes]] = []

    def add(self, client: Redis | None, *ids: str, subject: str = "general-1") -> list[str]:
        """Publish an event for each id, to a stream or to the feed alone; return the entries' ids."""
        entries = []
        for each in ids:
            position = len(self.items) + 1
            event = an_event(id=each, subject=subject, sequence=position)
            self.items.append({"position": position, "event": json.loads(to_json(event))})
            if client is not None:
                entries.append(client.xadd(STREAM, {**fields_of(event), "position": str(position)}))
        return [entry if isinstance(entry, str) else entry.decode() for entry in entries]

    def again(self, client: Redis, *, since: int = 1) -> None:
        """Publish once more what has a position already, as the relay does for a Redis that lost it."""
        for item in self.items[since - 1 :]:
            event = item["event"]
            fields = {"ce": json.dumps(event), "type": event["type"], "position": str(item["position"])}
            client.xadd(STREAM, fields)  # type: ignore[arg-type]  # dict is invariant

    def ids(self) -> list[str]:
        """The ids of all events, in order."""
        return [str(item["event"]["id"]) for item in self.items]

    def page(self, after: int, limit: int) -> tuple[int, dict[str, Any]]:
        """Return status and body of one answer."""
        if after + 1 < self.oldest:
            return 410, {"code": "cursor_expired"}
        items = [item for item in self.items if item["position"] > after][:limit]
        return 200, {"items": items, "next": items[-1]["position"] if items else after}


@contextmanager
def served(published: Published) -> Iterator[str]:
    """Serve it; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            status, body = self._answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status in range(300, 400):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, bytes]:
            if self.headers["Authorization"] != f"Bearer {SECRET}":
                return 401, b"{}"
            if published.faults:
                return published.faults.pop(0)
            query = parse_qs(urlsplit(self.path).query)
            status, page = published.page(int(query["after"][0]), int(query["limit"][0]))
            return status, json.dumps(page).encode()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
