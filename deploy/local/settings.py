"""The settings of `make run`: directory, ports and whether to run the demo."""

from __future__ import annotations

import socket
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from port_runtime.setting_parsers import integer, switch, text
from port_runtime.settings import load, setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUN_DIR = ".run"
PORTS = ("IDENTITY_PORT", "MAILBOX_PORT", "SMTP_PORT", "REDIS_PORT", "PASS_DEMO_PORT")
_port = integer(1, 65535)


def _demo(raw: str) -> bool:
    return switch({"1": "on", "0": "off"}.get(raw, raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, which are variables of make."""

    run_dir: str = setting("RUN_DIR", parse=text, default=RUN_DIR, doc="where keys, data and mails are kept")
    identity_port: int = setting("IDENTITY_PORT", parse=_port, default="8000", doc="portal and API")
    mailbox_port: int = setting("MAILBOX_PORT", parse=_port, default="8025", doc="page of the mailbox")
    smtp_port: int = setting("SMTP_PORT", parse=_port, default="1025", doc="SMTP of the mailbox")
    redis_port: int = setting("REDIS_PORT", parse=_port, default="6390", doc="Redis, for consumers")
    pass_demo_port: int = setting(
        "PASS_DEMO_PORT", parse=_port, default="8090", doc="the sample port service, with DEMO=1"
    )
    demo: bool = setting(
        "DEMO", parse=_demo, default="off", doc="1 creates sample accounts and runs a sample port service"
    )

    def errors(self) -> Iterator[str]:
        """Yield an error for each port that is in use or set twice."""
        seen: dict[int, str] = {}
        for field in fields(self):
            name, port = field.name.upper(), getattr(self, field.name)
            if name not in PORTS or (name == "PASS_DEMO_PORT" and not self.demo):
                continue
            if port in seen:
                yield f"{name}: {port} is {seen[port]}'s already"
            elif _is_taken(port):
                yield f"{name}: port {port} is taken; choose another, e.g. make run {name}={port + 1000}"
            seen[port] = name

    @property
    def root(self) -> Path:
        """The absolute path of RUN_DIR."""
        return Path(self.run_dir).absolute()


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings. IDENTITY_BIND overrides IDENTITY_PORT. Raises SettingsError."""
    bind = environ.get("IDENTITY_BIND", "")
    port = {"IDENTITY_PORT": bind.rpartition(":")[2]} if bind else {}
    return load(Settings, {**environ, **port})


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a port that was just closed counts as free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
