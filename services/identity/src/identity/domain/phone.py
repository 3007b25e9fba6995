"""Taiwanese phone numbers: mobile, and landline with an optional extension (REG-5, REG-6)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue

_SUBSCRIBER_NUMBERS = {
    "02": {"2345678": 8},
    "03": {"2345689": 7},
    "037": {"23456789": 6},
    "04": {"23": 8, "78": 7},
    "049": {"23456789": 7},
    "05": {"2345678": 7},
    "06": {"23456789": 7},
    "07": {"23456789": 7},
    "08": {"78": 7},
    "082": {"2345789": 6},
    "0826": {"6": 5},
    "0836": {"23456789": 5},
    "089": {"23456789": 6},
}
"""Number of subscriber digits by area code and first digit. No number belongs to two areas.

Source: numbering plan of the Ministry of Transportation (2016-10-07) for the first digit (2 to 9), and its list of area
codes for the length. libphonenumber 9.0 also accepts ranges that start with 0 or 1.
"""
_MANUAL_EXAMPLES = frozenset({"02-12345678", "07-1234567", "07-12345678"})
"""Examples in the user manual, accepted although no subscriber number starts with 1."""

_TYPED = re.compile(r"((?:\+|00)?886(?:\(0\))?)?([\d().-]*\d)(?:#(\d{1,6}))?", re.ASCII)
_EXTENSION = re.compile(r"(?:#|轉|分機|ext(?:ension)?|x)[#轉分機:.]*", re.IGNORECASE)
"""What people write before the extension of a phone number."""
_MOBILE_PREFIX = "09"
_MOBILE_DIGITS = 10
_FREEPHONE = re.compile(r"080\d{5,7}", re.ASCII)


def parse_mobile(raw: str) -> str:
    """Return a mobile number as `0912345678` (REG-5). Raises InvalidValue."""
    number, extension = _split(raw)
    if extension or not number.startswith(_MOBILE_PREFIX):
        raise InvalidValue("invalid_mobile")
    if len(number) != _MOBILE_DIGITS:
        raise InvalidValue("invalid_mobile", "mobile_length", digits=_MOBILE_DIGITS, typed=len(number))
    return number


def parse_phone(raw: str) -> str:
    """Return a company's phone as `02-12345678#12345`, or a mobile number (REG-6). Raises InvalidValue."""
    number, extension = _split(raw)
    if number.startswith(_MOBILE_PREFIX) and not extension:
        if len(number) != _MOBILE_DIGITS:
            raise InvalidValue("invalid_phone", "mobile_length", digits=_MOBILE_DIGITS, typed=len(number))
        return number
    if _FREEPHONE.fullmatch(number):
        raise InvalidValue("invalid_phone", "freephone")
    return f"{_landline(number)}#{extension}" if extension else _landline(number)


def _landline(number: str) -> str:
    for area, lengths in reversed(_SUBSCRIBER_NUMBERS.items()):
        local = number.removeprefix(area)
        digits = next((length for first, length in lengths.items() if local[:1] in set(first)), None)
        if local == number or digits is None:
            continue
        if len(local) != digits:
            raise InvalidValue("invalid_phone", "length", area=area, digits=digits, typed=len(local))
        return f"{area}-{local}"
    example = f"{number[:2]}-{number[2:]}"
    if example not in _MANUAL_EXAMPLES:
        raise InvalidValue("invalid_phone")
    return example


def _split(raw: str) -> tuple[str, str]:
    """Return the national number without separators, and the digits of the extension; empty texts if unreadable."""
    typed = _TYPED.fullmatch(_EXTENSION.sub("#", "".join(to_half_width(raw).split())))
    if not typed:
        return "", ""
    digits = re.sub(r"\D", "", typed[2])
    return ("0" + digits if typed[1] else digits), typed[3] or ""
