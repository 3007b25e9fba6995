"""Masks secrets in log records before they are written (SEC-9).

Secrets are recognized by their type. Names of values and patterns are a second check, for secrets in plain strings.

Mail addresses are not recognized here, because nothing logs them: SQLAlchemy hides the parameters of statements in its
errors (`hide_parameters`), and the mailer removes addresses from the replies of mail servers (`reply_redaction.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final

from port_runtime.secret import MASK, Secret

SECRET_NAMES: Final = frozenset(
    {"password", "passwd", "token", "code", "link", "authorization", "cookie", "secret", "sealed"},
)
# Names that end in "code" but are not secret.
PLAIN_NAMES: Final = frozenset({"status_code", "error_code", "exit_code", "reply_code", "problem_code"})
MAX_DEPTH: Final = 6
_NUMBERS: Final = (bool, int, float)  # a tuple, because isinstance with a union is slower

_IN_QUERY = re.compile(r"(?i)\b((?:token|code|password|secret)=)[^&\s\"'#]+")
_IN_URL = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
_IN_HEADER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]+")
_IN_CODEC_ERROR = re.compile(r"(codec can't (?:en|de)code (?:character|byte)s?) (?:'[^']*'|0x[0-9a-f]+)")


def redact(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask secrets, and everything but numbers below MAX_DEPTH levels of nesting; a structlog processor."""
    for key, value in record.items():
        record[key] = _masked(key, value, MAX_DEPTH)
    return record


def _masked(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, _NUMBERS):
        return MASK if _is_secret(key) and value is not None else value
    if _is_secret(key) or isinstance(value, Secret) or depth == 0:
        return MASK
    if isinstance(value, str):
        return _clean(value)
    return _inside(key, value, depth - 1)


def _inside(key: str, value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        return {str(name): _masked(str(name), item, depth) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, item, depth) for item in value]
    return _clean(repr(value))


@lru_cache(maxsize=1024)  # records have few different names
def _is_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    return name.rpartition("_")[2] in SECRET_NAMES and name not in PLAIN_NAMES


def _clean(text: str) -> str:
    if "=" in text:
        text = _IN_QUERY.sub(rf"\1{MASK}", text)
    if "://" in text:
        text = _IN_URL.sub(rf"\1{MASK}@", text)
    if "codec can't" in text:  # the error quotes a character, which may be part of a password
        text = _IN_CODEC_ERROR.sub(rf"\1 {MASK}", text)
    return _IN_HEADER.sub(rf"\1{MASK}", text) if "earer " in text.lower() else text
