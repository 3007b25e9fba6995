"""The formats of log lines: JSON, logfmt, and a format for people at a terminal.

All formats are ASCII with escaped control characters, so that no encoding breaks a line and no value forges a line.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from structlog.processors import JSONRenderer

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from structlog.typing import Processor

JSON: Final = "json"
_PLAIN: Final = re.compile(r"[\w.:/@%+-]+", re.ASCII)
_NOT_IN_KEYS: Final = re.compile(r"[^\w.-]", re.ASCII)


def logfmt(_logger: object, _method: str, record: MutableMapping[str, Any]) -> str:
    """Render `key=value` pairs; a value with characters other than `A-Za-z0-9_.:/@%+-` is a JSON string."""
    return _pairs(record)


def console(_logger: object, _method: str, record: MutableMapping[str, Any]) -> str:
    """Render time, level, event, the values except `service` as in logfmt, and a traceback on separate lines."""
    time, level, event = (str(record.pop(key, "")) for key in ("time", "level", "event"))
    traceback = str(record.pop("exception", ""))
    record.pop("service", None)
    first = f"{time} {level:<8} {_escaped(event)}"
    lines = [f"{first}  {_pairs(record)}" if record else first, *map(_escaped, traceback.splitlines())]
    return "\n    ".join(lines)


def _json(value: object, **options: Any) -> str:
    return json.dumps(value, **options).replace("\x7f", r"\u007f")


FORMATS: Final[Mapping[str, Processor]] = {
    JSON: JSONRenderer(_json),
    "logfmt": logfmt,
    "console": console,
}


def _pairs(record: Mapping[str, Any]) -> str:
    return " ".join(f"{_NOT_IN_KEYS.sub('_', key)}={_value(value)}" for key, value in record.items())


def _value(value: object) -> str:
    text = value if isinstance(value, str) else _json(value)
    return text if _PLAIN.fullmatch(text) else _json(text)


def _escaped(text: str) -> str:
    return _json(text)[1:-1].replace('\\"', '"')
