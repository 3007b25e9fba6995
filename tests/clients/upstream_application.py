"""A web application behind a proxy that logs people in: it answers with the headers of the request."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request
from werkzeug.serving import make_server

from tests.support.servers.lifecycle import serve_http


@contextmanager
def upstream_application() -> Iterator[str]:
    """Run the application for the duration of the with block; yield its URL."""
    app = Flask(__name__)

    @app.get("/")
    def home() -> dict[str, str]:
        return {name.lower(): value for name, value in request.headers.items()}

    with serve_http(make_server("127.0.0.1", 0, app, threaded=True)) as url:
        yield url
