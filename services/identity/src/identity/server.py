"""Gunicorn in this process: threads for requests, few processes, no file of settings."""

import gc
import logging
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from identity.app import create_app
from identity.settings import Settings

_GRACE_SECONDS = 20
_KEEPALIVE_SECONDS = 20
_LONGEST_LINE = 4096


def _share_memory(_arbiter: object, _worker: object) -> None:
    """Leave what was loaded out of garbage collection, whose marks would copy every page into each worker."""
    gc.collect()
    gc.freeze()


class RootLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Leaves gunicorn's lines to the handlers that the process already has."""

    def setup(self, cfg: object) -> None:  # noqa: ARG002  # gunicorn's signature
        """Send errors through the root logger, and no line a request: that is the application's."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)
        self.access_log.handlers.clear()
        self.access_log.propagate = False


class Server(BaseApplication):  # type: ignore[misc]  # the same
    """Serves the application; it is made before the workers, which share its memory until they write to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = create_app(settings)
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up from our settings."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.bind}",
            "workers": self._settings.web_workers,
            "threads": self._settings.web_threads,
            "worker_class": "gthread",
            "keepalive": _KEEPALIVE_SECONDS,
            "graceful_timeout": _GRACE_SECONDS,
            "limit_request_line": _LONGEST_LINE,
            "limit_request_fields": 64,
            "preload_app": True,
            "pre_fork": _share_memory,
            "accesslog": None,  # one line a request is ours, without the address that may hold a token
            "logger_class": RootLogger,
            "control_socket_disable": True,
            "proc_name": "identity",
            "server_software": "identity",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application."""
        return self._app
