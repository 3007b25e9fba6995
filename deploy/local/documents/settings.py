"""The settings of every process, as a Markdown table in each service's README and as an environment file."""

from __future__ import annotations

import re
from pathlib import Path

from identity.settings.notify import NotifySettings
from identity.settings.relay import RelaySettings
from identity.settings.retention import TidySettings
from identity.settings.web import WebSettings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingDoc, describe

from deploy.local.documents.environment_file import environment_file

ROOT = Path(__file__).parents[3]
ENVIRONMENT = ROOT / "deploy/production.env.example"
TABLE = re.compile(r"(<!-- settings: [^\n]*-->\n).*?(<!-- /settings -->)", re.DOTALL)
Readers = tuple[tuple[str, type], ...]
IDENTITY: Readers = (
    ("identity", IdentitySettings),
    ("relay", RelaySettings),
    ("notify", NotifySettings),
    ("tidy", TidySettings),
)
MAILER: Readers = (("mailer", MailerSettings),)
READMES = {ROOT / "services/identity/README.md": IDENTITY, ROOT / "services/mailer/README.md": MAILER}


def documents() -> dict[Path, str]:
    """Return the text that each file should have."""
    return {
        **{readme: _with_table(readme, readers) for readme, readers in READMES.items()},
        ENVIRONMENT: environment_file(*_by_name((*IDENTITY, *MAILER))),
    }


def _with_table(readme: Path, readers: Readers) -> str:
    text = readme.read_text()
    if not TABLE.search(text):
        raise SystemExit(f"{readme.relative_to(ROOT)}: the marks of the settings table are missing")
    return TABLE.sub(lambda found: f"{found[1]}{settings_table(readers)}\n{found[2]}", text)


def _by_name(readers: Readers) -> tuple[dict[str, SettingDoc], dict[str, list[str]]]:
    """Return every variable once by its name, and the processes that read it."""
    rows: dict[str, SettingDoc] = {}
    read_by: dict[str, list[str]] = {}
    for reader, settings in readers:
        for doc in describe(settings):
            rows.setdefault(doc.name, doc)
            read_by.setdefault(doc.name, []).append(reader)
    return rows, read_by


def settings_table(readers: Readers) -> str:
    """Return one Markdown table row for each variable; omits `read by` where one process reads all."""
    rows, read_by = _by_name(readers)
    several = len(readers) > 1
    lines = [["name", *(["read by"] if several else []), "meaning", "default"]]
    lines.append(["---"] * len(lines[0]))
    lines += [
        [f"`{name}`", *([", ".join(read_by[name])] if several else []), doc.doc, _default(doc)]
        for name, doc in rows.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _default(doc: SettingDoc) -> str:
    if doc.required:
        return "must be set"
    return f"`{doc.default_text}`" if doc.default_text else "none"
