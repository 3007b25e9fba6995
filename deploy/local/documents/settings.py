"""The settings of every process, as the Markdown table of the README and as an environment file."""

from __future__ import annotations

import re
from pathlib import Path

from identity.settings import RelaySettings, TidySettings
from identity.settings import Settings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingDoc, describe

from deploy.local.documents.environment_file import environment_file

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
ENVIRONMENT = ROOT / "deploy/production.env.example"
TABLE = re.compile(r"(<!-- settings: [^\n]*-->\n).*?(<!-- /settings -->)", re.DOTALL)
READERS: tuple[tuple[str, type], ...] = (
    ("identity", IdentitySettings),
    ("relay", RelaySettings),
    ("tidy", TidySettings),
    ("mailer", MailerSettings),
)


def documents() -> dict[Path, str]:
    """Return the text that each file should have."""
    readme = README.read_text()
    if not TABLE.search(readme):
        raise SystemExit("README.md: the marks of the settings table are missing")
    rows, readers = _by_name()
    table = settings_table(rows, readers)
    return {
        README: TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", readme),
        ENVIRONMENT: environment_file(rows, readers),
    }


def _by_name() -> tuple[dict[str, SettingDoc], dict[str, list[str]]]:
    """Return every variable once by its name, and the processes that read it."""
    rows: dict[str, SettingDoc] = {}
    readers: dict[str, list[str]] = {}
    for reader, settings in READERS:
        for doc in describe(settings):
            rows.setdefault(doc.name, doc)
            readers.setdefault(doc.name, []).append(reader)
    return rows, readers


def settings_table(rows: dict[str, SettingDoc], readers: dict[str, list[str]]) -> str:
    """Return one Markdown table row for each variable, with the processes that read it."""
    head = ["| name | read by | meaning | default |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(_row(doc, readers[name]) for name, doc in rows.items())])


def _row(doc: SettingDoc, readers: list[str]) -> str:
    default = "must be set" if doc.required else f"`{doc.default_text}`" if doc.default_text else "none"
    return f"| `{doc.name}` | {', '.join(readers)} | {doc.doc} | {default} |"
