"""The settings of every process, as a Markdown table in each service's README and as environment files."""

from __future__ import annotations

import re
from pathlib import Path

from identity.settings.database import DatabaseSettings
from identity.settings.notify import NotifySettings
from identity.settings.relay import RelaySettings
from identity.settings.tidy import TidySettings
from identity.settings.web import WebSettings as IdentitySettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingDoc, describe

from deploy.documents.environment_file import Process, environment_file

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "deploy/settings"
TABLE = re.compile(r"(<!-- settings: [^\n]*-->\n).*?(<!-- /settings -->)", re.DOTALL)
Readers = tuple[tuple[str, type], ...]
IDENTITY: Readers = (
    ("web", IdentitySettings),
    ("relay", RelaySettings),
    ("notify", NotifySettings),
    ("tidy", TidySettings),
)
MAILER: Readers = (("mailer", MailerSettings),)
PROCESSES: dict[Process, tuple[type, ...]] = {
    Process(
        name="web",
        commands="`identity serve` and the operators' commands",
        check="identity check",
    ): (IdentitySettings,),
    Process(
        name="relay",
        commands="`identity relay`, `identity audit verify`, `anchor` and `accept`, `identity events replay`",
        check="identity check --as relay",
    ): (RelaySettings,),
    Process(name="notify", commands="`identity notify`", check="identity check --as notify"): (
        NotifySettings,
    ),
    Process(name="tidy", commands="`identity tidy`", check="identity check --as tidy"): (TidySettings,),
    Process(name="migrate", commands="`identity migrate`", check="identity migrate"): (DatabaseSettings,),
    Process(name="mailer", commands="`mailer run` and the operators' commands", check="mailer check"): (
        MailerSettings,
    ),
}
"""The processes with their own environment files, and the settings of each process."""
READMES = {ROOT / "services/identity/README.md": IDENTITY, ROOT / "services/mailer/README.md": MAILER}


def documents() -> dict[Path, str]:
    return {
        **{readme: _with_table(readme, readers) for readme, readers in READMES.items()},
        **{
            ENVIRONMENTS / f"{process.name}.env.example": environment_file(process, _docs(process))
            for process in PROCESSES
        },
    }


def _docs(process: Process) -> list[SettingDoc]:
    rows, _ = _by_name(tuple((process.name, settings) for settings in PROCESSES[process]))
    return list(rows.values())


def _with_table(readme: Path, readers: Readers) -> str:
    text = readme.read_text()
    if not TABLE.search(text):
        raise SystemExit(f"{readme.relative_to(ROOT)}: the marks of the settings table are missing")
    return TABLE.sub(lambda found: f"{found[1]}{settings_table(readers)}\n{found[2]}", text)


def _by_name(readers: Readers) -> tuple[dict[str, SettingDoc], dict[str, list[str]]]:
    """Return every variable by name, with the processes that read it."""
    rows: dict[str, SettingDoc] = {}
    read_by: dict[str, list[str]] = {}
    for reader, settings in readers:
        for doc in describe(settings):
            rows.setdefault(doc.name, doc)
            read_by.setdefault(doc.name, []).append(reader)
    return rows, read_by


def settings_table(readers: Readers) -> str:
    """Return a Markdown table with a row for each variable, and the column `read by` if there are several processes."""
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
