"""`deploy/settings/*.env.example`: the settings of each process in production, as an environment file."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from identity.settings.database import DatabaseSettings
from identity.settings.notify import NotifySettings
from identity.settings.relay import RelaySettings
from identity.settings.tidy import TidySettings
from identity.settings.web import WebSettings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingDoc, describe

FOLDER = Path(__file__).parents[1] / "settings"
WIDTH: Final = 110
HEAD: Final = (
    "The settings of {commands} in production; made from the code by `make docs`. A line that is commented out"
    " shows the default. `docker run --env-file` and systemd's EnvironmentFile read a copy of this file. Any setting"
    " can be a file: NAME_FILE is its path. Use that for secrets; `identity keys new` generates keys. `{check}`"
    " reports errors."
)
VALUES: Final = {
    "IDENTITY_PUBLIC_URL": "https://pass.example.tw",
    "IDENTITY_REVIEW": "both",
    "IDENTITY_CONSENT_DIR": "/etc/port/consents",
}
"""Example values of settings that production requires but other modes do not."""
SECRETS_IN_PRODUCTION: Final = frozenset({"IDENTITY_AUDIT_KEYS", "IDENTITY_OIDC_KEYS"})
FORMS: Final = {
    "IDENTITY_DATABASE_URL": "postgresql+psycopg://identity_{process}:PASSWORD@db.example.tw/identity?sslmode=verify-full",
    "REDIS_URL": "rediss://{process}:PASSWORD@redis.example.tw:6379/0",
    "MAILER_SMTP_URL": "smtp+starttls://USER:PASSWORD@mail.example.tw:587",
}


@dataclass(frozen=True, slots=True)
class Process:
    """A process with its own environment file. `commands` read the file; `check` reports errors in it."""

    name: str
    settings: type[object]
    commands: str
    check: str


PROCESSES: Final = (
    Process("web", IdentitySettings, "`identity serve` and the operators' commands", "identity check"),
    Process(
        "relay",
        RelaySettings,
        "`identity relay`, `identity audit verify`, `anchor` and `accept`, `identity events replay`",
        "identity check --as relay",
    ),
    Process("notify", NotifySettings, "`identity notify`", "identity check --as notify"),
    Process("tidy", TidySettings, "`identity tidy`", "identity check --as tidy"),
    Process("migrate", DatabaseSettings, "`identity migrate`", "identity migrate"),
    Process("mailer", MailerSettings, "`mailer run` and the operators' commands", "mailer check"),
)


def documents() -> dict[Path, str]:
    return {FOLDER / f"{process.name}.env.example": _environment_file(process) for process in PROCESSES}


def _environment_file(process: Process) -> str:
    """Return the text of the file; only settings that production requires are not commented out."""
    head = _comment(HEAD.format(commands=process.commands, check=process.check), indent="")
    return "\n".join([f"{head}\n", *(_entry(process.name, doc) for doc in describe(process.settings))])


def _comment(text: str, *, indent: str = "  ") -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}")


def _entry(process: str, doc: SettingDoc) -> str:
    parts = [_comment(doc.doc)]
    if doc.name in FORMS:
        parts.append(f"#   {FORMS[doc.name].format(process=process)}")
    is_set = doc.required or doc.name in VALUES or doc.name in SECRETS_IN_PRODUCTION
    line = _line(process, doc)
    return "\n".join([*parts, line if is_set else f"# {line}", ""])


def _line(process: str, doc: SettingDoc) -> str:
    if doc.secret or doc.name.endswith("_KEYS"):
        return f"{doc.name}_FILE=/run/secrets/{process}/{doc.name.lower()}"
    return f"{doc.name}={VALUES.get(doc.name) or doc.default_text or ''}"
