"""Phone numbers of Taiwan: mobiles and landlines with an extension (REG-5, REG-6)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue

_SUBSCRIBER_NUMBERS = {
    "02": r"[2-8]\d{7}",
    "03": r"[2-689]\d{6}",
    "037": r"[2-9]\d{5}",
    "04": r"[23]\d{7}|[78]\d{6}",
    "049": r"[2-9]\d{6}",
    "05": r"[2-8]\d{6}",
    "06": r"[2-9]\d{6}",
    "07": r"[2-9]\d{6}",
    "08": r"[78]\d{6}",
    "082": r"[2-57-9]\d{5}",
    "0826": r"6\d{4}",
    "0836": r"[2-9]\d{4}",
    "089": r"[2-9]\d{5}",
}
"""Lengths and first digits by area code; no number belongs to two areas.

By the Ministry of Transportation's numbering plan (2016-10-07) subscriber numbers start with 2 to 9, and by the list of
area codes each has its length. libphonenumber 9.0 knows further ranges that start with 0 or 1.
"""
_LANDLINES = [
    re.compile(f"({area})({number})", re.ASCII) for area, number in reversed(_SUBSCRIBER_NUMBERS.items())
]
_MANUAL_EXAMPLES = frozenset({"02-12345678", "07-1234567", "07-12345678"})
"""The user manual prints these, although no subscriber number starts with 1."""

_TYPED = re.compile(r"((?:\+|00)?886(?:\(0\))?)?([\d().-]*\d)(?:#(\d{1,6}))?", re.ASCII)
_EXTENSION = re.compile(r"(?:#|轉|分機|ext(?:ension)?|x)[#轉分機:.]*", re.IGNORECASE)
"""What people write before the extension of a phone number."""
_MOBILE = re.compile(r"09\d{8}", re.ASCII)
_FREEPHONE = re.compile(r"080\d{5,7}", re.ASCII)


def parse_mobile(raw: str) -> str:
    """Return a mobile number as `0912345678` (REG-5). Raises InvalidValue."""
    number, extension = _split(raw)
    if extension or not _MOBILE.fullmatch(number):
        raise InvalidValue("invalid_mobile")
    return number


def parse_phone(raw: str) -> str:
    """Return a company's phone as `02-12345678#12345`, or a mobile number (REG-6). Raises InvalidValue."""
    number, extension = _split(raw)
    if _MOBILE.fullmatch(number) and not extension:
        return number
    if _FREEPHONE.fullmatch(number):
        raise InvalidValue("invalid_phone", "freephone")
    return f"{_landline(number)}#{extension}" if extension else _landline(number)


def _landline(number: str) -> str:
    for pattern in _LANDLINES:
        if found := pattern.fullmatch(number):
            return "-".join(found.groups())
    example = f"{number[:2]}-{number[2:]}"
    if example not in _MANUAL_EXAMPLES:
        raise InvalidValue("invalid_phone")
    return example


def _split(raw: str) -> tuple[str, str]:
    """Return the digits as dialled within Taiwan, in whatever grouping they were typed, and those of the extension."""
    typed = _TYPED.fullmatch(_EXTENSION.sub("#", "".join(to_half_width(raw).split())))
    if not typed:
        return "", ""
    digits = re.sub(r"\D", "", typed[2])
    return ("0" + digits if typed[1] else digits), typed[3] or ""
