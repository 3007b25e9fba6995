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
"""Number of subscriber digits, by area code and by the first of these digits. No number belongs to two areas.

Source: numbering plan of the Ministry of Transportation (2016-10-07) for the first digit (2 to 9), and its list of area
codes for the length. libphonenumber 9.0 also accepts ranges that start with 0 or 1.
"""
_MANUAL_EXAMPLES = frozenset({"02-12345678", "07-1234567", "07-12345678"})
"""Examples in the user manual, accepted although no subscriber number starts with 1."""

_TYPED = re.compile(r"((?:(?:\+|00)-?)?886-?(?:\(0\))?)?([\d().-]*\d)", re.ASCII)
_EXTENSION = re.compile(r"(?:#|轉|分機|ext(?:ension)?|x)[#轉分機:.\s]*", re.IGNORECASE)
"""The separators that people write before the extension of a phone number."""
_MOBILE_PREFIX = "09"
_MOBILE_DIGITS = 10
_MAX_EXTENSION_DIGITS = 6
_FREEPHONE = re.compile(r"080\d{5,7}", re.ASCII)
_OTHER_SERVICES = re.compile(r"0204\d{6}|070\d{8}", re.ASCII)
"""Premium-rate numbers and internet telephony, which have no area code."""


def parse_mobile(raw: str) -> str:
    """Return a mobile number as `0912345678` (REG-5). Raises InvalidValue."""
    number, _, extension = _split(raw)
    if extension or not number.startswith(_MOBILE_PREFIX):
        raise InvalidValue("invalid_mobile")
    if len(number) != _MOBILE_DIGITS:
        raise InvalidValue("invalid_mobile", "mobile_length", digits=_MOBILE_DIGITS, typed=len(number))
    return number


def parse_phone(raw: str) -> str:
    """Return a company's phone as `02-12345678#12345`, or a mobile number (REG-6). Raises InvalidValue."""
    number, beginning, extension = _split(raw)
    if number.startswith(_MOBILE_PREFIX) and not extension:
        if len(number) != _MOBILE_DIGITS:
            raise InvalidValue("invalid_phone", "mobile_length", digits=_MOBILE_DIGITS, typed=len(number))
        return number
    if _FREEPHONE.fullmatch(number):
        raise InvalidValue("invalid_phone", "freephone")
    landline = _landline(number, beginning)
    if len(extension) > _MAX_EXTENSION_DIGITS:
        raise InvalidValue("invalid_phone", "extension", max=_MAX_EXTENSION_DIGITS, typed=len(extension))
    return f"{landline}#{extension}" if extension else landline


def _landline(number: str, beginning: str) -> str:
    example = f"{number[:2]}-{number[2:]}"
    if example in _MANUAL_EXAMPLES:
        return example
    areas = [area for area in reversed(_SUBSCRIBER_NUMBERS) if number.startswith(area)]
    if not areas or _OTHER_SERVICES.fullmatch(number):
        raise InvalidValue("invalid_phone")
    area = next((area for area in areas if _digits(area, number)), None)
    area = area or (beginning if beginning in areas else areas[0])
    digits, local = _digits(area, number), number.removeprefix(area)
    _check_length(area, local, {digits} if digits else set(_SUBSCRIBER_NUMBERS[area].values()))
    if not digits:
        raise InvalidValue("invalid_phone", "first_digit", area=area, first=local[0])
    return f"{area}-{local}"


def _digits(area: str, number: str) -> int | None:
    """Return how many digits follow the area code, or None if no number of the area begins like `number`."""
    first = number[len(area) : len(area) + 1]
    return next(
        (digits for firsts, digits in _SUBSCRIBER_NUMBERS[area].items() if first in set(firsts)), None
    )


def _check_length(area: str, local: str, lengths: set[int]) -> None:
    fewest, most, typed = min(lengths), max(lengths), len(local)
    if typed in lengths:
        return
    if fewest == most:
        raise InvalidValue("invalid_phone", "length", area=area, digits=most, typed=typed)
    raise InvalidValue("invalid_phone", "two_lengths", area=area, fewest=fewest, most=most, typed=typed)


def _split(raw: str) -> tuple[str, str, str]:
    """Return the national number, its digits before the first separator, and the extension; all empty if malformed."""
    text, mark, extension = _EXTENSION.sub("#", to_half_width(raw)).partition("#")
    typed, extension = _TYPED.fullmatch("-".join(text.split())), "".join(extension.split())
    if not typed or (mark and not re.fullmatch(r"\d+", extension, re.ASCII)):
        return "", "", ""
    groups, trunk = re.findall(r"\d+", typed[2]), "0" if typed[1] else ""
    return trunk + "".join(groups), trunk + groups[0], extension
