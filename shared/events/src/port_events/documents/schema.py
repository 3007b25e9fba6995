"""Derives JSON Schema 2020-12 and an example from an event's data class."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from port_events.catalogue import EventType, Meta
from port_events.envelope import CONTENT_TYPE, SOURCE, SPECVERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def data_schema(data_class: type[Any]) -> dict[str, Any]:
    """Return the schema of `data`. It allows additional fields, so that fields can be added without a new version."""
    properties = {name: _field_schema(hint) for name, hint in _hints(data_class)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def data_example(data_class: type[Any]) -> dict[str, Any]:
    return {name: _meta(hint).example for name, hint in _hints(data_class)}


def event_schema(event_type: EventType) -> dict[str, Any]:
    properties = {**_attributes(event_type), "data": data_schema(event_type.data_class)}
    return {
        "$schema": DIALECT,
        "$id": event_type.dataschema,
        "title": event_type.type,
        "description": event_type.summary,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name != "traceparent"],
    }


def _attributes(event_type: EventType) -> dict[str, Any]:
    return {
        "specversion": {"const": SPECVERSION},
        "id": {
            "type": "string",
            "minLength": 1,
            "description": "unique; repeats of an event have the same id",
        },
        "source": {"const": SOURCE},
        "type": {"const": event_type.type},
        "subject": {"type": "string", "minLength": 1, "description": "the account's id"},
        "time": {"type": "string", "format": "date-time", "description": "the time of the change, in UTC"},
        "datacontenttype": {"const": CONTENT_TYPE},
        "dataschema": {"const": event_type.dataschema},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{1,18}$",
            "description": "the number of the event among those of its subject",
        },
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
    }


def _hints(data_class: type[Any]) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(data_class, include_extras=True)
    for each in fields(data_class):
        yield each.name, hints[each.name]


def _meta(hint: Any) -> Meta:
    found: Meta = next(extra for extra in hint.__metadata__ if isinstance(extra, Meta))
    return found


def _field_schema(hint: Any) -> dict[str, Any]:
    meta = _meta(hint)
    schema = {**_type_schema(hint.__origin__), "description": meta.description}
    return schema | {"pattern": meta.pattern} if meta.pattern else schema


def _type_schema(plain: Any) -> dict[str, Any]:
    if get_origin(plain) is Annotated:
        return _type_schema(plain.__origin__)
    if get_origin(plain) is Literal:
        return {"enum": list(get_args(plain))}
    if get_origin(plain) is tuple:
        return {"type": "array", "items": _type_schema(get_args(plain)[0])}
    if plain is str:
        return {"type": "string", "minLength": 1}
    raise TypeError(f"{plain} has no JSON Schema here yet")
