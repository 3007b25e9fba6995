"""The baseline of `GET /session`, introspection, documents and pages: Flask routes without a database.

`python -m tests.bench.empty_routes` serves them with identity's gunicorn server and settings.
"""

import os
import sys

from flask import Flask, Response, jsonify, render_template
from gunicorn.app.base import BaseApplication
from identity.processes.web_server.gunicorn_server import Server, open_bind
from identity.settings.web import WebSettings
from jinja2 import DictLoader
from port_runtime import logs
from port_runtime.settings import load

# The page has the size, the number of links and the two templates (layout and page) of the portal's home page.
_TEMPLATES = {
    "layout.html": """<!doctype html>
<html lang="zh-Hant-TW">
<head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title></head>
<body>
<nav><ul>
{% for number in range(links) %}<li><a href="{{ url_for('page', number=number) }}">{{ name }}</a></li>
{% endfor %}</ul></nav>
<main>{% block main %}{% endblock %}</main>
</body>
</html>
""",
    "page.html": """{% extends "layout.html" %}
{% block title %}{{ name }}{% endblock %}
{% block main %}<h1>{{ name }}</h1>
"""
    + "<p>通行證的申請、查詢與列印，請由貴單位原使用的通行證系統入口進入。</p>\n" * 31
    + "{% endblock %}",
}
_LINKS = 23


class BaselineServer(Server):
    """Identity's gunicorn server, with this application and without hooks."""

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self._bind = open_bind(settings)
        self._app = _application()
        self._hooks = {}
        BaseApplication.__init__(self)


def _application() -> Flask:
    app = Flask("empty", static_folder=None)
    app.jinja_loader = DictLoader(_TEMPLATES)

    @app.get("/api/v1/session")
    def session() -> Response:
        return jsonify({"next": None})

    @app.get("/page")
    def page() -> str:
        return render_template("page.html", name="錢大明", links=_LINKS)

    return app


if __name__ == "__main__":
    settings = load(WebSettings, os.environ)
    logs.configure("empty", settings.log_level)
    sys.exit(BaselineServer(settings).run())
