"""The table of events in the README of `port-events`, and the table of mails in the mailer's README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mailer.domain.mail_kinds import EVENTS, MAILS, NoMail
from port_events.catalogue import CATALOGUE, FACT

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"(<!-- (events|mails): [^\n]*-->\n).*?(<!-- /\2 -->)", re.DOTALL)
READMES: Final = (ROOT / "shared/events/README.md", ROOT / "services/mailer/README.md")


def documents(others: Mapping[Path, str]) -> dict[Path, str]:
    """Return the texts of READMES. A text in `others`, with other generated parts, is used instead of the file."""
    tables = {"events": "\n".join(_events()), "mails": "\n".join(_mails())}

    def filled(text: str) -> str:
        return TABLE.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)

    return {readme: filled(others.get(readme) or readme.read_text()) for readme in READMES}


def _events() -> Iterator[str]:
    yield from ("| type | kind | meaning |", "| --- | --- | --- |")
    for event in CATALOGUE.values():
        kind = "fact" if event.family == FACT else "mail request"
        yield f"| `{event.short}` | {kind} | {event.summary.rstrip('.')} |"


def _mails() -> Iterator[str]:
    yield from ("| mail | event |", "| --- | --- |")
    for name in MAILS:
        yield f"| `{name}` | {', '.join(_events_of(name))} |"


def _events_of(mail: str) -> Iterator[str]:
    for type_, choice in EVENTS.items():
        short = CATALOGUE[type_].short
        if isinstance(choice, Mapping):
            kinds = {each.name: kind for kind, each in choice.items()}
            if mail in kinds:
                yield f"`{short}` of a {kinds[mail]} account"
        elif not isinstance(choice, NoMail) and choice.name == mail:
            yield f"`{short}`"
