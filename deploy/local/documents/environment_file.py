"""`deploy/production.env.example`: every setting as an environment file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from port_runtime.settings import SettingDoc

WIDTH = 110
HEAD = """\
# Every setting, generated from the code by `make docs`. A line that is commented out shows the default.
# `docker run --env-file` and systemd's EnvironmentFile read a copy of this file; each process ignores what it does
# not need. Any setting can also be read from a file: NAME_FILE is the path. Use that for secrets; `identity keys new`
# generates the keys. `identity check` and `mailer check` report errors. Some settings are required in production only;
# their description says so.
"""


def environment_file(rows: Mapping[str, SettingDoc], readers: Mapping[str, Sequence[str]]) -> str:
    """Return the text; both mappings have the variables' names as keys."""
    groups: dict[tuple[str, ...], list[SettingDoc]] = {}
    for name, doc in rows.items():
        groups.setdefault(tuple(readers[name]), []).append(doc)
    parts = [HEAD]
    for readers_of_it, docs in groups.items():
        parts.append(f"# --- {', '.join(readers_of_it)} ---\n")
        parts.extend(_entry(doc) for doc in docs)
    return "\n".join(parts)


def _entry(doc: SettingDoc) -> str:
    meaning = textwrap.fill(doc.doc, WIDTH, initial_indent="# ", subsequent_indent="#   ")
    line = (
        f"{doc.name}_FILE=/run/secrets/{doc.name.lower()}"
        if doc.secret
        else f"{doc.name}={doc.default_text or ''}"
    )
    return f"{meaning}\n{line if doc.required else f'# {line}'}\n"
