"""Tax ids and their checksum (REG-7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.errors import InvalidValue
from identity.domain.tax_id import parse_tax_id, passes_checksum

EIGHT_DIGITS = st.from_regex(r"[0-9]{8}", fullmatch=True)


def products(digits: str) -> list[int]:
    """Return the digit sums of the weighted digits."""
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
    ("typed", "normalized"),
    [("62 140 097", "62140097"), ("6214-0097", "62140097"), ("a11111111", "A11111111")],
)
def test_spaces_hyphens_and_small_letters_are_accepted(typed: str, normalized: str) -> None:
    assert parse_tax_id(typed) == normalized


@pytest.mark.rule("REG-7")
@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("", {}),
        ("1234567", {"typed": 7}),
        ("1234-56789", {"typed": 9}),
        ("1234567890", {"typed": 10}),
        ("A1111111", {}),
        ("A1111111111", {}),
        ("A-1111111", {}),
    ],
)
def test_anything_but_a_tax_id_or_agency_code_is_refused(code: str, values: dict[str, int]) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_tax_id(code)

    assert (error.value.code, error.value.values) == ("invalid_tax_id", values)
