"""Every setting as an environment file: `deploy/production.env.example`, made from the code."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from port_runtime.settings import SettingDoc

WIDTH = 110
HEAD = """\
# Every setting, made from the code by `make docs`; what is commented out has the default that stands there.
# `docker run --env-file` and systemd's EnvironmentFile read a copy of it; each process may be given all of it.
# Every one may also be given as NAME_FILE, the path of a file that holds it: so secrets come. `identity keys new`
# makes the keys. `identity check` and `mailer check` say what is wrong. Production also wants the settings whose
# meaning says so.
"""


def environment_file(rows: Mapping[str, SettingDoc], readers: Mapping[str, Sequence[str]]) -> str:
    """Return the text; `rows` and `readers` are by the variables' names."""
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
