"""The tables in READMEs: settings of both services, events of `port-events`, and mails of the mailer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mailer.domain.mail_kinds import EVENTS, MAILS, NoMail
from port_events.catalogue import CATALOGUE
from port_runtime.settings import SettingDoc, describe

from deploy.documents.environment_file import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"(<!-- (\w+): `make docs` [^\n]*-->\n).*?(<!-- /\2 -->)", re.DOTALL)
SETTINGS: Final = {process.name: process.settings for process in PROCESSES}


def documents() -> dict[Path, str]:
    tables = {
        ROOT / "services/identity/README.md": {"settings": _settings("web", "relay", "notify", "tidy")},
        ROOT / "services/mailer/README.md": {
            "settings": _settings("mailer"),
            "mails": _mails(),
        },
        ROOT / "shared/events/README.md": {"events": _events()},
    }
    return {readme: _with_tables(readme, by_name) for readme, by_name in tables.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _with_tables(readme: Path, tables: Mapping[str, str]) -> str:
    text = readme.read_text()
    if missing := tables.keys() - {found[2] for found in TABLE.finditer(text)}:
        raise SystemExit(
            f"{readme.relative_to(ROOT)}: the marks of a table are missing: {', '.join(missing)}"
        )
    return TABLE.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)


def _settings(*readers: str) -> str:
    """Return a table with a row for each variable, and the column `read by` if there are several processes."""
    docs: dict[str, SettingDoc] = {}
    read_by: dict[str, list[str]] = {}
    for reader in readers:
        for doc in describe(SETTINGS[reader]):
            docs.setdefault(doc.name, doc)
            read_by.setdefault(doc.name, []).append(reader)
    several = len(readers) > 1
    return table(
        ["name", *(["read by"] if several else []), "meaning", "default"],
        (
            [f"`{name}`", *([", ".join(read_by[name])] if several else []), doc.doc, _default(doc)]
            for name, doc in docs.items()
        ),
    )


def _default(doc: SettingDoc) -> str:
    if doc.required:
        return "must be set"
    return f"`{doc.default_text}`" if doc.default_text else "none"


def _events() -> str:
    return table(
        ["type", "kind", "meaning"],
        (
            [f"`{event.short}`", event.family.replace("_", " "), event.summary.rstrip(".")]
            for event in CATALOGUE.values()
        ),
    )


def _mails() -> str:
    return table(["mail", "event"], ([f"`{name}`", ", ".join(_events_of(name))] for name in MAILS))


def _events_of(mail: str) -> Iterator[str]:
    for type_, choice in EVENTS.items():
        short = CATALOGUE[type_].short
        if isinstance(choice, Mapping):
            kinds = {each.name: kind for kind, each in choice.items()}
            if mail in kinds:
                yield f"`{short}` of a {kinds[mail]} account"
        elif not isinstance(choice, NoMail) and choice.name == mail:
            yield f"`{short}`"
