"""What counts as one line of text, for every field a person fills in (SEC-13)."""

import re
import unicodedata

from identity.domain.errors import Fault

_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that never belong in a line: controls, formats, surrogates, private, unassigned, separators."""
_WEB_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.|[a-z0-9]\.[a-z]{2,}[/:?#]|\S@\S")
"""What a mail reader turns into a link by itself; with the first two the mailer sends no mail at all (SEC-9)."""
_DOMAIN = re.compile(
    r"(?i)[a-z0-9]\.(?:com|net|org|info|biz|xyz|top|site|online|shop|club|vip|app|link|click|cc|io|me|tw|cn|hk)(?![a-z0-9])"
)
"""The same of a bare domain: companies are named so, people are not."""


def line(raw: str, *, least: int, most: int) -> str:
    """Return `raw` NFC-normalised, trimmed, inner white space folded; length in characters.

    Raises Fault (`control_character`, `too_short`, `too_long`, `required`).
    """
    if any(unicodedata.category(char) in _REFUSED for char in raw):
        raise Fault("control_character", "不可含有控制字元或看不見的字元")
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    if not text:
        raise Fault("required", "此欄位為必填")
    if len(text) < least:
        raise Fault("too_short", f"至少需 {least} 個字")
    if len(text) > most:
        raise Fault("too_long", f"最多 {most} 個字")
    return text


def proper_name(raw: str, *, least: int, most: int) -> str:
    """Return a person's or a company's name as one line, which mails to others may hold. Raises Fault."""
    name = line(raw, least=least, most=most)
    if _WEB_ADDRESS.search(narrow(name)):
        raise Fault("web_address", "名稱不可含有網址")
    return name


def person_name(raw: str, *, least: int, most: int) -> str:
    """Return a person's name, by which mails from us address whoever owns the mailbox. Raises Fault."""
    name = proper_name(raw, least=least, most=most)
    if _DOMAIN.search(narrow(name)):
        raise Fault("web_address", "姓名不可含有網址")
    return name


def narrow(raw: str) -> str:
    """Return full-width letters, digits and signs as their ASCII forms, as Chinese keyboards often give them."""
    return unicodedata.normalize("NFKC", raw).strip()


def has_surrogate(text: str) -> bool:
    """Tell whether the text holds a lone surrogate, which no encoder will write."""
    return any("\ud800" <= char <= "\udfff" for char in text)
