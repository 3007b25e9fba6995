"""Characters that are refused, removed or replaced in typed text (SEC-13)."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.bind_code import parse_code
from identity.domain.characters import has_refused, to_half_width
from identity.domain.company import parse_company_name
from identity.domain.errors import InvalidValue
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.phone import parse_mobile, parse_phone
from identity.domain.postal_address import parse_postal_address
from identity.domain.tax_id import parse_tax_id
from identity.domain.username import parse_username, username_key

IDEOGRAPHS = [
    "\u4e00", "\u9fff", "\u3400", "\u4dbf", "\U00020bb7", "\U0002a6df", "\U0002b739", "\U0002ceb0", "\U0002ebe0",
    "\U0002ebf0", "\U0002ee5d", "\U00030000", "\U0003134a", "\U00031350", "\U000323af", "\U000323b0", "\U00033479",
    "\U0003fffd",
]  # fmt: skip
"""The first and last ideographs of the blocks up to Extension J (Unicode 17), and an unassigned code point."""
INVISIBLE = [
    "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f",
    "\u202a", "\u202c", "\u202e", "\u2060", "\u2066", "\u2069", "\u2800", "\u3164", "\ufeff", "\uffa0",
    "\U0001d173", "\U000e0041",
]  # fmt: skip
VARIATION_SELECTORS = ["\ufe00", "\ufe0f", "\U000e0100"]


@pytest.mark.rule("REG-4", "REG-8", "SEC-13")
@pytest.mark.parametrize("char", IDEOGRAPHS)
def test_an_ideograph_is_accepted_even_if_python_does_not_know_it(char: str) -> None:
    address = f"高雄市鼓山區{char}路10號"

    assert parse_full_name(f"王{char}") == f"王{char}"
    assert parse_company_name(f"{char}記有限公司") == f"{char}記有限公司"
    assert parse_postal_address(address) == address


@pytest.mark.rule("SEC-13")
def test_a_fixed_number_of_characters_is_refused_on_every_version_of_python() -> None:
    refused = sum(has_refused(chr(code)) for code in range(sys.maxunicode + 1))

    assert refused == 143_845  # the number must not depend on Python's version of Unicode


@pytest.mark.rule("SEC-13", "REG-4")
@pytest.mark.parametrize("char", INVISIBLE + VARIATION_SELECTORS)
def test_a_name_too_short_without_its_invisible_characters_is_refused(char: str) -> None:
    for name in (char * 3, f"{char} {char}", f"王{char}" if char in INVISIBLE else f" {char}"):
        for parse in (parse_full_name, parse_company_name):
            with pytest.raises(InvalidValue) as error:
                parse(name)

            assert error.value.code == "control_character"


@pytest.mark.rule("SEC-13", "REG-4")
@pytest.mark.parametrize("name", ["\u0301\u0301", "\u20dd \u20dd", "\u3099\u3099", "\u3000\u3000"])
def test_a_name_of_combining_marks_only_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_full_name(name)

    assert error.value.code == "required"


@pytest.mark.rule("SEC-13", "REG-4")
def test_a_variant_of_an_ideograph_is_unchanged() -> None:
    assert parse_full_name("葛\U000e0100城") == "葛\U000e0100城"


@pytest.mark.rule("SEC-13", "REG-5", "REG-6", "REG-7", "REG-9", "BIND-6")
@pytest.mark.parametrize("char", INVISIBLE + VARIATION_SELECTORS)
def test_invisible_characters_are_removed_from_numbers_codes_and_mailboxes(char: str) -> None:
    assert parse_mobile(f"{char}0912{char}345678{char}") == "0912345678"
    assert parse_phone(f"02-2720{char}8889{char}#1{char}2") == "02-27208889#12"
    assert parse_tax_id(f"6214{char}0097") == "62140097"
    assert parse_tax_id(f"{char}A11111111") == "A11111111"
    assert parse_code(f"123{char}456{char}") == "123456"
    assert parse_mailbox(f"{char}susan@exam{char}ple.com") == "susan@example.com"
    assert parse_username(f"susan{char}test{char}") == "susantest"
    assert username_key(f"{char}SusanTest") == "susantest"


@pytest.mark.rule("SEC-13", "REG-5", "REG-6", "REG-9", "BIND-6")
@pytest.mark.parametrize("hyphen", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
def test_every_kind_of_hyphen_is_accepted(hyphen: str) -> None:
    assert parse_mobile(f"0912{hyphen}345{hyphen}678") == "0912345678"
    assert parse_phone(f"+886{hyphen}2{hyphen}2720{hyphen}8889") == "02-27208889"
    assert parse_code(f"123{hyphen}456") == "123456"
    assert parse_mailbox(f"su{hyphen}san@example{hyphen}port.tw") == "su-san@example-port.tw"


@pytest.mark.rule("SEC-13", "REG-8")
@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        ("\u2fbc雄市\u2f0d山區蓬萊路10號", "高雄市冖山區蓬萊路10號"),
        ("\u2fbc雄市鼓\u2f2d區蓬萊路\u246020號", "高雄市鼓山區蓬萊路120號"),
        ("新\u5317市淡水區中\u2f2d路１０號Ａ棟", "新北市淡水區中山路10號A棟"),
        ("新北市\u2ed8\u2f2d區\u2ea0族路10號", "新北市青山區民族路10號"),
        ("高雄市鼓山區蓬萊路10號（行政大樓），3樓", "高雄市鼓山區蓬萊路10號（行政大樓），3樓"),
        ("８０４高雄市鼓山區蓬萊路10號", "804高雄市鼓山區蓬萊路10號"),
        ("\uf9d8高雄市鼓山區蓬萊路10號"[1:], "高雄市鼓山區蓬萊路10號"),
    ],
)
def test_compatibility_forms_are_folded_in_an_address(typed: str, normalized: str) -> None:
    assert parse_postal_address(typed) == normalized


@pytest.mark.rule("SEC-13", "REG-4", "REG-8")
@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        ("\u2f24明股份有限公司", "大明股份有限公司"), ("\u2ed1\u69ae海運股份有限公司", "長榮海運股份有限公司"),
        ("ＡＢＣ股份有限公司", "ABC股份有限公司"), ("大明股份有限公司（基隆）", "大明股份有限公司（基隆）"),
        ("谷辣斯．尤達卡有限公司", "谷辣斯．尤達卡有限公司"), ("\uf90a城有限公司", "金城有限公司"),
    ],
)  # fmt: skip
def test_compatibility_forms_are_folded_in_a_company_name(typed: str, normalized: str) -> None:
    assert parse_company_name(typed) == normalized


@pytest.mark.rule("REG-4")
def test_radicals_are_folded_in_a_persons_name() -> None:
    assert parse_full_name("王\u2f29\u660e") == "王小明"


@pytest.mark.rule("SEC-13")
@given(st.text(max_size=20))
def test_half_width_text_is_unchanged(text: str) -> None:
    once = to_half_width(text)

    assert to_half_width(once) == once
