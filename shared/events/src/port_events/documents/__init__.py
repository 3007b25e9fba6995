"""Machine-readable documents, generated from the catalogue and shipped with the package (EVT-3).

They are `asyncapi.json`, and for each event `<type>.v<version>.json`, the JSON Schema of the CloudEvent, and
`<type>.v<version>.example.json`. `python -m port_events.documents write` generates the files, and `… check` lists
missing, outdated and superfluous files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from port_events.catalogue import CATALOGUE
from port_events.documents.asyncapi import asyncapi_document
from port_events.documents.examples import example_document
from port_events.documents.schema import event_schema

DIRECTORY: Final = Path(__file__).parent


def documents() -> dict[str, str]:
    """Return the texts of the documents by file name."""
    found: dict[str, Any] = {"asyncapi.json": asyncapi_document()}
    for event_type in CATALOGUE.values():
        found[f"{event_type.document_name}.json"] = event_schema(event_type)
        found[f"{event_type.document_name}.example.json"] = example_document(event_type)
    return {name: json.dumps(found[name], indent=2, ensure_ascii=False) + "\n" for name in sorted(found)}


def write(directory: Path = DIRECTORY) -> list[str]:
    """Write missing and outdated documents, and delete those of unknown events; return the names of these files."""
    changed, current = stale(directory), documents()
    for name in changed:
        if name in current:
            (directory / name).write_text(current[name], encoding="utf-8")
        else:
            (directory / name).unlink()
    return changed


def stale(directory: Path = DIRECTORY) -> list[str]:
    """Return the names of documents that are missing or outdated, or belong to unknown events."""
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    current = documents()
    return sorted(name for name in present.keys() | current.keys() if present.get(name) != current.get(name))
