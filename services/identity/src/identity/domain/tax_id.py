"""A company's tax id: a unified business number with its checksum, or an agency code (REG-7)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue

_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_DIVISOR = 5
"""Ministry of Finance, rule in force since 1 April 2023 (divisible by 5; by 10 before)."""

_EIGHT_DIGITS = re.compile(r"\d{8}", re.ASCII)
_AGENCY_CODE = re.compile(r"(?=.*[A-Z])[A-Z0-9]{9,10}", re.ASCII)


def parse_tax_id(raw: str, *, checksum: bool = True) -> str:
    """Return a unified business number or a government agency's code (REG-7). Raises InvalidValue.

    Without `checksum` any eight digits are valid, for test systems with invented ids.
    """
    text = re.sub(r"[\s-]", "", to_half_width(raw)).upper()
    if _EIGHT_DIGITS.fullmatch(text):
        if checksum and not passes_checksum(text):
            raise InvalidValue("tax_id_checksum")
        return text
    if _AGENCY_CODE.fullmatch(text):
        return text
    if text.isascii() and text.isdecimal():
        raise InvalidValue("invalid_tax_id", "length", typed=len(text))
    raise InvalidValue("invalid_tax_id")


def passes_checksum(digits: str) -> bool:
    """Return whether eight digits are a unified business number by the Ministry of Finance's rule of 2023."""
    if digits == "00000000":
        return False
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, _WEIGHTS, strict=True))
    # A seventh digit of 7 gives 28, whose digit sum 10 may be read as 1 or 0.
    return total % _DIVISOR == 0 or (digits[6] == "7" and (total + 1) % _DIVISOR == 0)
