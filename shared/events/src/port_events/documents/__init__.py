"""JSON Schemas, examples and the AsyncAPI document, generated from the catalogue and packaged (EVT-3).

For each event `<type>.v<version>.json`, JSON Schema of the whole CloudEvent, and
`<type>.v<version>.example.json`; for all of them `asyncapi.json`. `python -m port_events.documents write`
makes them, `… check` tells stale ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from port_events.asyncapi import asyncapi_document
from port_events.catalogue import CATALOGUE
from port_events.examples import example_document

DIRECTORY: Final = Path(__file__).parent


def documents() -> dict[str, str]:
    """Return the text of every document by file name, as the catalogue has it now."""
    found: dict[str, Any] = {"asyncapi.json": asyncapi_document()}
    for event_type in CATALOGUE.values():
        found[f"{event_type.document_name}.json"] = event_type.schema
        found[f"{event_type.document_name}.example.json"] = example_document(event_type)
    return {name: json.dumps(found[name], indent=2, ensure_ascii=False) + "\n" for name in sorted(found)}


def write(directory: Path = DIRECTORY) -> list[str]:
    """Write what is stale and remove what no event has any more; returns the names of what changed."""
    changed, current = stale(directory), documents()
    for name in changed:
        if name in current:
            (directory / name).write_text(current[name], encoding="utf-8")
        else:
            (directory / name).unlink()
    return changed


def stale(directory: Path = DIRECTORY) -> list[str]:
    """Return the names of the documents that are missing, changed, or of no event."""
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    current = documents()
    return sorted(name for name in present.keys() | current.keys() if present.get(name) != current.get(name))
