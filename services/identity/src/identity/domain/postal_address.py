"""A company's postal address in Taiwan (REG-8)."""

import re

from identity.domain.characters import fold_variants
from identity.domain.errors import InvalidValue
from identity.domain.typed_text import parse_line

_POSTAL_CODE = re.compile(r"(?:\d{6}|\d{5}|\d{3})(?!\d)\s*", re.ASCII)
_REGIONS = (
    "臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市", "基隆市", "新竹市", "嘉義市", "新竹縣", "苗栗縣",
    "彰化縣", "南投縣", "雲林縣", "嘉義縣", "屏東縣", "宜蘭縣", "花蓮縣", "臺東縣", "澎湖縣", "金門縣", "連江縣",
)  # fmt: skip


def parse_postal_address(raw: str) -> str:
    """Return an address that begins with a county or city, after an optional postal code of 3, 5 or 6 digits (REG-8).

    Raises InvalidValue.
    """
    text = parse_line(fold_variants(raw), min_length=6, max_length=200)
    postal_code = _POSTAL_CODE.match(text)
    rest = text[postal_code.end() :] if postal_code else text
    if rest[:1].isdigit():
        raise InvalidValue("invalid_postal_code")
    if not _starts_with_region(rest):
        raise InvalidValue("invalid_address")
    return text


def _starts_with_region(address: str) -> bool:
    """Return whether an address starts with a county or city. U+53F0 and U+81FA are two spellings of Tai."""
    return address.replace("台", "臺").startswith(_REGIONS)
