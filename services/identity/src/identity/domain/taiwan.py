"""Words of Taiwanese addresses, company names and phone numbers, as people type them."""

import re

_REGIONS = (
    "臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市", "基隆市", "新竹市", "嘉義市", "新竹縣", "苗栗縣",
    "彰化縣", "南投縣", "雲林縣", "嘉義縣", "屏東縣", "宜蘭縣", "花蓮縣", "臺東縣", "澎湖縣", "金門縣", "連江縣",
)  # fmt: skip

COMPANY_SUFFIXES = (
    "股份有限公司", "有限公司", "企業社", "商行", "工程行",
    "ltd.", "ltd", "inc.", "inc", "co.", "corp.",
)  # fmt: skip
"""In lower case."""

EXTENSION = re.compile(r"(?:#|轉|分機|ext(?:ension)?|x)[#轉分機:.]*", re.IGNORECASE)
"""What people write before the extension of a phone number."""


def starts_with_region(address: str) -> bool:
    """Return whether an address starts with a county or city, in either spelling of Tai."""
    return address.replace("台", "臺").startswith(_REGIONS)
