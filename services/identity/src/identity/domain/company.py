"""A company's data: tax id, name and address (REG-7, REG-8)."""

import re
from dataclasses import dataclass

from identity.domain import taiwan
from identity.domain.errors import InvalidValue
from identity.domain.text import parse_line, parse_proper_name, to_half_width

_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_DIVISOR = 5
"""Ministry of Finance, rule in force since 1 April 2023 (divisible by 5; by 10 before)."""

_EIGHT_DIGITS = re.compile(r"\d{8}", re.ASCII)
_AGENCY_CODE = re.compile(r"(?=.*[A-Z])[A-Z0-9]{9,10}", re.ASCII)
_POSTAL_CODE = re.compile(r"(?:\d{6}|\d{5}|\d{3})(?!\d)\s*", re.ASCII)
_NARROW_DIGITS = {ord("\N{FULLWIDTH DIGIT ZERO}") + digit: str(digit) for digit in range(10)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company's data; every account has its own copy (PRO-1)."""

    tax_id: str
    phone: str
    name: str
    address: str


def parse_tax_id(raw: str, *, checksum: bool = True) -> str:
    """Return a unified business number or a government agency's code (REG-7). Raises InvalidValue.

    Without `checksum` any eight digits are valid, for test systems with invented ids.
    """
    text = to_half_width(raw)
    if _EIGHT_DIGITS.fullmatch(text):
        if checksum and not passes_checksum(text):
            raise InvalidValue("tax_id_checksum")
        return text
    if _AGENCY_CODE.fullmatch(text):
        return text
    raise InvalidValue("invalid_tax_id")


def passes_checksum(digits: str) -> bool:
    """Return whether eight digits are a unified business number by the Ministry of Finance's rule of 2023."""
    if digits == "00000000":
        return False
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, _WEIGHTS, strict=True))
    # A seventh digit of 7 gives 28, whose digit sum 10 may be read as 1 or 0.
    return total % _DIVISOR == 0 or (digits[6] == "7" and (total + 1) % _DIVISOR == 0)


def parse_company_name(raw: str) -> str:
    """Return a company's full name, 2 to 100 characters (REG-8). Raises InvalidValue."""
    return parse_proper_name(raw, min_length=2, max_length=100)


def parse_address(raw: str) -> str:
    """Return an address: an optional postal code of 3, 5 or 6 digits, then a county or city (REG-8).

    Raises InvalidValue.
    """
    text = parse_line(raw.translate(_NARROW_DIGITS), min_length=6, max_length=200)
    postal_code = _POSTAL_CODE.match(text)
    rest = text[postal_code.end() :] if postal_code else text
    if rest[:1].isdigit():
        raise InvalidValue("invalid_postal_code")
    if not taiwan.starts_with_region(rest):
        raise InvalidValue("invalid_address")
    return text
