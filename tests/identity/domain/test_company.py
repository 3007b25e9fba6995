"""The rules of a company's data (REG-7, REG-8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.company import (
    parse_address,
    parse_company_name,
    parse_tax_id,
    passes_checksum,
)
from identity.domain.errors import InvalidValue

EIGHT_DIGITS = st.from_regex(r"[0-9]{8}", fullmatch=True)


def products(digits: str) -> list[int]:
    """The Ministry's table in full: the digit sum of each product."""
    return [
        sum(int(char) for char in str(int(digit) * weight))
        for digit, weight in zip(digits, [1, 2, 1, 2, 1, 2, 4, 1], strict=True)
    ]


@pytest.mark.rule("REG-7")
@pytest.mark.parametrize("number", ["62140097", "00501508", "04595257"])
def test_known_numbers_pass_the_checksum(number: str) -> None:
    assert parse_tax_id(number) == number


@pytest.mark.rule("REG-7")
@pytest.mark.parametrize("number", ["00000000", "62140098", "00501509", "12345678"])
def test_wrong_numbers_fail_the_checksum(number: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_tax_id(number)

    assert error.value.code == "tax_id_checksum"


@pytest.mark.rule("REG-7")
@given(EIGHT_DIGITS)
def test_a_sum_divisible_by_five_passes_and_a_seventh_digit_seven_may_add_one(digits: str) -> None:
    total = sum(products(digits))
    by_rule = total % 5 == 0 or (digits[6] == "7" and total % 5 == 4)

    assert passes_checksum(digits) is (by_rule and digits != "00000000")


@pytest.mark.rule("REG-7")
@given(EIGHT_DIGITS)
def test_without_the_checksum_any_eight_digits_are_accepted(digits: str) -> None:
    assert parse_tax_id(digits, checksum=False) == digits


@pytest.mark.rule("REG-7")
@pytest.mark.parametrize("code", ["A11111111", "A111111111", "ABCDEFGHI", "12345678A"])
def test_an_agency_code_is_accepted(code: str) -> None:
    assert parse_tax_id(code) == code


@pytest.mark.rule("REG-7")
@pytest.mark.parametrize(
    "code", ["", "1234567", "123456789", "1234567890", "a11111111", "A1111111", "A1111111111", "A-1111111"]
)
def test_anything_but_a_tax_id_or_agency_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_tax_id(code)

    assert error.value.code == "invalid_tax_id"


@pytest.mark.rule("REG-8")
@pytest.mark.parametrize(
    "address",
    [
        "804004高雄市鼓山區蓬萊路10號",
        "80400高雄市鼓山區蓬萊路10號",
        "804 高雄市鼓山區蓬萊路10號",
        "高雄市鼓山區蓬萊路10號",
        "台北市中正區仁愛路1號",
        "臺東縣臺東市中山路276號",
    ],
)
def test_an_address_with_or_without_postal_code_is_accepted(address: str) -> None:
    assert parse_address(address) == address


@pytest.mark.rule("REG-8")
@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "required"),
        ("   ", "required"),
        ("高雄市", "too_short"),
        ("8040高雄市鼓山區蓬萊路10號", "invalid_postal_code"),
        ("8040041高雄市鼓山區蓬萊路10號", "invalid_postal_code"),
        ("鼓山區蓬萊路10號", "invalid_address"),
        ("東京都千代田區1號", "invalid_address"),
        ("高雄市鼓山區\n蓬萊路10號", "control_character"),
        ("高雄市" + "一" * 200, "too_long"),
    ],
)
def test_an_address_without_county_or_city_is_refused(address: str, code: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_address(address)

    assert error.value.code == code


@pytest.mark.rule("REG-8")
def test_a_company_name_is_trimmed_and_its_white_space_folded() -> None:
    assert parse_company_name("  臺灣港務   股份有限公司 ") == "臺灣港務 股份有限公司"
