"""A bare Flask route under identity's gunicorn settings: the limit of `GET /session`."""

import os
import sys

from flask import Flask, Response, jsonify
from gunicorn.app.base import BaseApplication
from identity.processes.gunicorn_server import Server, open_bind
from identity.settings.web import WebSettings
from port_runtime import logs
from port_runtime.settings import load


class BaselineServer(Server):
    """Identity's server with another application."""

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self._bind = open_bind(settings)
        self._app = _application()
        self._hooks = {}
        BaseApplication.__init__(self)


def _application() -> Flask:
    app = Flask("bare", static_folder=None)

    @app.get("/api/v1/session")
    def session() -> Response:
        return jsonify({"next": None})

    return app


if __name__ == "__main__":
    settings = load(WebSettings, os.environ)
    logs.configure("bare", settings.log_level)
    sys.exit(BaselineServer(settings).run())
