"""Gunicorn inside this process, configured from the settings."""

import gc
import logging
import os
from typing import Any

from flask import Flask
from gunicorn import systemd
from gunicorn.app.base import BaseApplication
from gunicorn.config import ForwardedAllowIPS
from gunicorn.glogging import Logger
from port_runtime.metrics import Instruments
from port_runtime.metrics_health_server import open_listener
from port_runtime.settings import ErrorCollector

from identity.domain import common_passwords, password_strength
from identity.metrics.web import WEB
from identity.processes.web_server.flask_app import create_app
from identity.processes.web_server.free_memory import use_one_arena
from identity.processes.web_server.gunicorn_hooks import GunicornHooks
from identity.processes.web_server.gunicorn_worker import Worker
from identity.settings.web import WebSettings

GRACE_SECONDS = 20
_KEEPALIVE_SECONDS = 20
_MAX_REQUEST_LINE = 8190
"""The maximum that gunicorn accepts, because the query of an authorization request may be almost as long."""
_BACKLOG = 2048


def _trust_no_peer() -> None:
    """Make gunicorn trust neither the headers of a peer on loopback nor its own environment variables (SEC-16).

    Only IDENTITY_TRUSTED_PROXIES decides. Gunicorn parses the default before it reads any configuration.
    """
    ForwardedAllowIPS.default = ""
    os.environ.pop("SCRIPT_NAME", None)


def _share_memory(_arbiter: object, _worker: object) -> None:
    """Load the data that the workers share. Exempt all objects from garbage collection, which would copy their pages.

    No collection runs first: the start leaves almost no garbage, and collecting it takes a tenth of the start-up time.
    """
    common_passwords.load()
    password_strength.preload()
    gc.freeze()


class RootLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    def setup(self, cfg: object) -> None:  # noqa: ARG002  # gunicorn's signature
        """Pass gunicorn's messages from INFO on to the root logger, but no requests, which the application logs."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)
        self.access_log.handlers.clear()
        self.access_log.propagate = False


def open_bind(settings: WebSettings) -> str:
    """Open the port and return gunicorn's `bind` setting; gunicorn closes the port. Raises SettingsError.

    Sockets that systemd passes (sd_listen_fds(3)) replace IDENTITY_BIND. Gunicorn itself would retry an occupied
    port five times, with a message that names no setting.
    """
    if passed := systemd.listen_fds():
        return ",".join(f"fd://{systemd.SD_LISTEN_FDS_START + number}" for number in range(passed))
    return f"fd://{open_listener(settings.bind, 'IDENTITY_BIND', backlog=_BACKLOG).detach()}"


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves the application, which is built before the fork so that the workers share its memory."""

    def __init__(self, settings: WebSettings, shared: str | None = None) -> None:
        """Open the ports and build the application. Raises SettingsError with all errors."""
        self.settings = settings
        _trust_no_peer()
        use_one_arena()
        instruments = Instruments(WEB, shared=shared)
        with ErrorCollector() as collector:
            with collector.step():
                self._bind = open_bind(settings)
            with collector.step():
                hooks = GunicornHooks(settings, instruments, shared=shared)
            with collector.step():
                self._app = create_app(settings, instruments=instruments)
        self._hooks = hooks.options(self._app)
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": self._bind,
            "workers": self.settings.web_workers,
            "threads": self.settings.web_threads,
            "worker_class": Worker,
            "keepalive": _KEEPALIVE_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "limit_request_line": _MAX_REQUEST_LINE,
            "limit_request_fields": 64,
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "preload_app": True,
            "pre_fork": _share_memory,
            **self._hooks,
            "accesslog": None,  # its lines would contain URLs, and so the tokens of mailed links
            "logger_class": RootLogger,
            "control_socket_disable": True,
            "proc_name": "identity",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app
