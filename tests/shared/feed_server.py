"""A local HTTP server for identity's feed, with scripted errors, and a stream with the same events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from port_events.envelope import STREAM, to_json
from redis import Redis

from tests.shared.builders import an_event, fields_of
from tests.support.servers.lifecycle import serve_http

SECRET = "hush-service-secret"


class Published:
    """Published events. `oldest` is the first position that the feed still has.

    The feed answers its next requests with the statuses and bodies in `errors`.
    """

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.oldest = 1
        self.requests: list[str] = []
        self.errors: list[tuple[int, bytes]] = []

    def add(self, client: Redis | None, *ids: str, subject: str = "general-1") -> list[str]:
        """Publish an event with each id to the feed and, with a client, to the stream; return the entry IDs."""
        entries = []
        for each in ids:
            position = len(self.items) + 1
            event = an_event(id=each, subject=subject, sequence=position)
            self.items.append({"position": position, "event": json.loads(to_json(event))})
            if client is not None:
                entries.append(client.xadd(STREAM, {**fields_of(event), "position": str(position)}))
        return [entry if isinstance(entry, str) else entry.decode() for entry in entries]

    def republish(self, client: Redis, *, since: int = 1) -> None:
        """Publish events to the stream again, like the relay after a loss in Redis."""
        for item in self.items[since - 1 :]:
            event = item["event"]
            fields = {"ce": json.dumps(event), "type": event["type"], "position": str(item["position"])}
            client.xadd(STREAM, fields)  # type: ignore[arg-type]  # dict is invariant

    def ids(self) -> list[str]:
        return [str(item["event"]["id"]) for item in self.items]

    def page(self, after: int, limit: int) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of the answer to a request."""
        if after + 1 < self.oldest:
            return 410, {"code": "cursor_expired"}
        items = [item for item in self.items if item["position"] > after][:limit]
        return 200, {"items": items, "next": items[-1]["position"] if items else after}


@contextmanager
def served(published: Published) -> Iterator[str]:
    """Serve the feed during the with block; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.requests.append(self.path)
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
            if published.errors:
                return published.errors.pop(0)
            query = parse_qs(urlsplit(self.path).query)
            status, page = published.page(int(query["after"][0]), int(query["limit"][0]))
            return status, json.dumps(page).encode()

        def log_message(self, *_: Any) -> None:
            pass

    with serve_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url
