"""The characters that are refused, removed or replaced in text that people type (SEC-13).

The lists replace most uses of `unicodedata`, whose data depend on the version of Python. Characters outside the lists
are accepted, so ideographs of later Unicode versions are valid.
"""

import re
import unicodedata

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(15)
)
_CONTROLS = f"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\uf8ff\U000f0000-\U0010ffff{_NONCHARACTERS}"
"""Control characters, line and paragraph separators, surrogates, private use and noncharacters."""
_BLANKS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff"
    "\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode 16 except VS1 to VS256, plus other format characters and blank glyphs."""
_VARIATION_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IDEOGRAPHS = "\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"

_REFUSED = re.compile(f"[{_CONTROLS}{_BLANKS}]|(?<![{_IDEOGRAPHS}])[{_VARIATION_SELECTORS}]")
_INVISIBLE = re.compile(f"[{_BLANKS}{_VARIATION_SELECTORS}]")
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2500"), "-")

_RADICALS = (
    "2E81:5382 2E82:4E5B 2E83:4E5A 2E84:4E59 2E85:4EBB 2E86:5182 2E87:20628 2E88:5200 2E89:5202 2E8A:535C 2E8B:353E "
    "2E8C:5C0F 2E8D:5C0F 2E8E:5140 2E8F:5C23 2E90:5C22 2E91:21BC2 2E92:5DF3 2E93:5E7A 2E94:5F51 2E95:5F50 2E96:5FC4 "
    "2E97:5FC3 2E98:624C 2E99:6535 2E9B:65E1 2E9C:65E5 2E9D:6708 2E9E:6B7A 2EA0:6C11 2EA1:6C35 2EA2:6C3A 2EA3:706C "
    "2EA4:722B 2EA5:722B 2EA6:4E2C 2EA7:725B 2EA8:72AD 2EA9:738B 2EAA:24D14 2EAB:76EE 2EAC:793A 2EAD:793B 2EAE:25AD7 "
    "2EAF:7CF9 2EB0:7E9F 2EB1:7F53 2EB2:7F52 2EB3:34C1 2EB4:5197 2EB5:2626B 2EB6:7F8A 2EB7:2634C 2EB8:2634B 2EB9:8002 "
    "2EBA:8080 2EBB:807F 2EBC:8089 2EBD:26951 2EBE:8279 2EBF:8279 2EC0:8279 2EC1:864E 2EC2:8864 2EC3:8980 2EC4:897F "
    "2EC5:89C1 2EC6:89D2 2EC7:278B2 2EC8:8BA0 2EC9:8D1D 2ECA:27FB7 2ECB:8F66 2ECC:8FB6 2ECD:8FB6 2ECE:8FB6 2ECF:9091 "
    "2ED0:9485 2ED1:9577 2ED2:9578 2ED3:957F 2ED4:95E8 2ED5:28E0F 2ED6:961D 2ED7:96E8 2ED8:9752 2ED9:97E6 2EDA:9875 "
    "2EDB:98CE 2EDC:98DE 2EDD:98DF 2EDE:2967F 2EDF:98E0 2EE0:9963 2EE1:29810 2EE2:9A6C 2EE3:9AA8 2EE4:9B3C 2EE5:9C7C "
    "2EE6:9E1F 2EE7:5364 2EE8:9EA6 2EE9:9EC4 2EEA:9EFE 2EEB:6589 2EEC:9F50 2EED:6B6F 2EEE:9F7F 2EEF:7ADC 2EF0:9F99 "
    "2EF1:9F9C 2EF2:4E80"
)
"""The ideograph of each radical that has no decomposition (Unicode 14, EquivalentUnifiedIdeograph.txt)."""
_IDEOGRAPH_OF = {
    int(radical, 16): chr(int(ideograph, 16))
    for radical, ideograph in (pair.split(":") for pair in _RADICALS.split())
}
_FOLDABLE = re.compile("[^\u2025\u2026\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffe6]+")
"""A run of characters without the punctuation and currency signs of Chinese text, which NFKC would replace."""


def has_refused(text: str) -> bool:
    """Return whether a line contains a refused character. A variation selector is accepted after an ideograph."""
    return _REFUSED.search(text) is not None


def has_surrogate(text: str) -> bool:
    """Return whether the text contains a lone surrogate, which UTF-8 cannot encode."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def shows_nothing(text: str) -> bool:
    """Return whether a text is empty or consists only of combining marks and white space."""
    return all(unicodedata.category(char)[0] in "MZ" for char in text)


def to_half_width(raw: str) -> str:
    """Remove invisible characters, normalize to NFKC (full-width forms become ASCII), unify hyphens, and strip."""
    return _nfkc(_INVISIBLE.sub("", raw)).translate(_HYPHENS).strip()


def fold_variants(text: str) -> str:
    """Normalize to NFC, and replace radicals and compatibility forms except Chinese punctuation."""
    text = unicodedata.normalize("NFC", text).translate(_IDEOGRAPH_OF)
    return unicodedata.normalize("NFC", _FOLDABLE.sub(lambda found: _nfkc(found[0]), text))


def _nfkc(text: str) -> str:
    """Normalize to NFKC with Unicode 3.2, which is part of every Python version.

    Characters of later Unicode versions stay as they are.
    """
    return unicodedata.ucd_3_2_0.normalize("NFKC", text)
