"""The full name of a person (REG-4)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue
from identity.domain.typed_text import parse_proper_name

_COMPANY_SUFFIXES = (
    "公司", "企業社", "企業行", "實業社", "商行", "商號", "工程行", "工程社", "報關行", "工作室", "事務所",
    "ltd.", "ltd", "inc.", "inc", "co.", "corp.",
)  # fmt: skip
"""Endings of company names, in lower case."""
_LATIN = re.compile(r"[0-9a-z\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
"""A Latin letter, with or without marks, or a digit, in lower case."""


def parse_full_name(raw: str) -> str:
    """Return a person's full name, 2 to 50 characters; a company's name is refused (REG-4). Raises InvalidValue."""
    name = parse_proper_name(raw, max_length=50)
    if _ends_with_company_suffix(name):
        raise InvalidValue("company_name")
    return name


def _ends_with_company_suffix(name: str) -> bool:
    lowered = to_half_width(name).lower()
    return any(
        lowered.endswith(ending)
        and not (ending[0].isascii() and _LATIN.match(lowered.removesuffix(ending)[-1:]))
        for ending in _COMPANY_SUFFIXES
    )
