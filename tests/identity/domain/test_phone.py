"""The rules of phone numbers (REG-5, REG-6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.errors import InvalidValue
from identity.domain.phone import parse_mobile, parse_phone

NUMBERS = {
    "02": ("27208889", "30000000", "45678901", "55551234", "66001234", "77001234", "89535599"),
    "03": ("2223456", "3322101", "4225205", "5216121", "6581234", "8227171", "9251000"),
    "037": ("222111", "322150", "559000", "988123"),
    "04": ("22289111", "25201234", "26571234", "37001234", "7222151", "8320171"),
    "049": ("2222106", "2910101", "5001234"),
    "05": ("2254321", "3620123", "5322154", "6331234", "7831234"),
    "06": ("2991111", "3901234", "5711234", "6321234", "7221234", "9274400"),
    "07": ("3368333", "5211234", "6612345", "7995678", "8021234"),
    "08": ("7320415", "8321234"),
    "082": ("318823", "324174", "762751"),
    "0826": ("66039",),
    "0836": ("22381", "25631", "55218", "76245", "88123"),
    "089": ("326141", "851234"),
}
"""Subscriber numbers by area code."""
LANDLINES = [(area, number) for area, numbers in NUMBERS.items() for number in numbers]


def groupings(area: str, number: str) -> list[str]:
    """Return the usual notations of a landline number."""
    head, tail = number[:-4], number[-4:]
    return [
        f"{area}-{number}", f"{area}{number}", f"{area} {number}", f"({area}){number}", f"({area}) {head}-{tail}",
        f"{area}-{head}-{tail}", f"{area} {head} {tail}", f"{area}.{head}.{tail}", f"{area}-{number[:3]}-{number[3:]}",
        f"{area}-{number[:2]}-{number[2:]}", f"+886-{area[1:]}-{head}-{tail}", f"+886 {area[1:]} {number}",
        f"+886{area[1:]}{number}", f"+886 (0){area[1:]} {head} {tail}", f"886-{area[1:]}-{number}",
    ]  # fmt: skip


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize("area", NUMBERS)
def test_a_landline_of_every_area_is_accepted_in_every_usual_grouping(area: str) -> None:
    parsed = {(number, parse_phone(typed)) for number in NUMBERS[area] for typed in groupings(area, number)}

    assert parsed == {(number, f"{area}-{number}") for number in NUMBERS[area]}


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize("area", NUMBERS)
def test_a_landline_has_the_length_of_its_area(area: str) -> None:
    for number in NUMBERS[area]:
        for other in (number[:-1], number + "1"):
            with pytest.raises(InvalidValue) as error:
                parse_phone(f"{area}-{other}#1")
            expected = {"area": area, "digits": len(number), "typed": len(other)}
            assert (error.value.case, error.value.values) == ("length", expected)


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    "phone",
    [
        "02-12345679", "02-01234567", "02-97208889", "03-1234567", "03-7123456", "037-123456", "037-022111",
        "04-52289111", "049-1222106", "05-1254321", "05-9254321", "06-1991111",
        "07-1368333", "08-1320415", "08-5320415", "082-118823", "0826-56039", "0836-12381", "089-126141", "02-99999999",
    ],
)  # fmt: skip
def test_a_landline_starts_with_a_digit_allowed_in_its_area(phone: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_phone(phone)

    assert (error.value.code, error.value.case) == ("invalid_phone", "first_digit")


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    ("phone", "case", "values"),
    [
        ("02-123456789", "length", {"area": "02", "digits": 8, "typed": 9}),
        ("02-123", "length", {"area": "02", "digits": 8, "typed": 3}),
        ("089-12345", "length", {"area": "089", "digits": 6, "typed": 5}),
        ("04-123456", "two_lengths", {"area": "04", "fewest": 7, "most": 8, "typed": 6}),
        ("04-5222151", "first_digit", {"area": "04", "first": "5"}),
        ("037-123456", "first_digit", {"area": "037", "first": "1"}),
        ("03-7123456", "first_digit", {"area": "03", "first": "7"}),
        ("(03) 712-3456", "first_digit", {"area": "03", "first": "7"}),
        ("+886-37-123456", "first_digit", {"area": "037", "first": "1"}),
        ("+886 37 123456", "first_digit", {"area": "037", "first": "1"}),
        ("037 123456", "first_digit", {"area": "037", "first": "1"}),
        ("037123456", "first_digit", {"area": "037", "first": "1"}),
        ("03 7123456", "first_digit", {"area": "03", "first": "7"}),
        ("(049) 1222 106", "first_digit", {"area": "049", "first": "1"}),
        ("082.118823", "first_digit", {"area": "082", "first": "1"}),
        ("0826 56039", "first_digit", {"area": "0826", "first": "5"}),
        ("0836 12381", "first_digit", {"area": "0836", "first": "1"}),
        ("089 126141", "first_digit", {"area": "089", "first": "1"}),
        ("08 1320415", "first_digit", {"area": "08", "first": "1"}),
        ("02　12345679", "first_digit", {"area": "02", "first": "1"}),
        ("02-27208889#1234567", "extension", {"max": 6, "typed": 7}),
        ("02-2720888#1234567", "length", {"area": "02", "digits": 8, "typed": 7}),
    ],
)
def test_the_refusal_of_a_landline_has_the_reason(phone: str, case: str, values: dict[str, object]) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_phone(phone)

    assert (error.value.code, error.value.case, error.value.values) == ("invalid_phone", case, values)


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    "extension",
    [
        "#12",
        " #12",
        "＃12",
        "轉12",
        " 轉 12",
        "分機12",
        " 分機：12",
        "轉分機 12",
        " ext. 12",
        " Ext 12",
        "x12",
    ],
)
def test_an_extension_is_accepted_in_every_usual_notation(extension: str) -> None:
    assert parse_phone(f"07-5211234{extension}") == "07-5211234#12"


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    "phone", ["02-12345678", "02-12345678#12345", "07-1234567", "07-12345678", "07-12345678#9"]
)
def test_the_examples_of_the_manual_are_accepted(phone: str) -> None:
    assert parse_phone(phone) == phone


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    "phone",
    ["0800-000-123", "0800000123", "0809-090-123", "080-000-0123", "+886-800-000-123", "0800-123-456#1"],
)
def test_a_freephone_number_is_refused_with_its_own_reason(phone: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_phone(phone)

    assert (error.value.code, error.value.case) == ("invalid_phone", "freephone")


@pytest.mark.rule("REG-6")
@pytest.mark.parametrize(
    "phone",
    [
        "", "27208889", "01-2345678", "02-27208889#", "02-2720888a", "0204-123456", "070-10123456",
        "02-27208889/02-27208890", "02-27208889~90", "0912345678#1", "+81-3-12345678", "412-8185", "1950", "#12", "-",
    ],
)  # fmt: skip
def test_any_other_number_is_refused(phone: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_phone(phone)

    assert (error.value.code, error.value.case) == ("invalid_phone", "")


MOBILES = [
    "0912345678", "0912-345-678", "0912-345678", "0912 345 678", "09-1234-5678", "(0912)345678", "0912.345.678",
    " 0912 345 678 ", "０９１２３４５６７８", "+886912345678", "+886-912-345-678", "+886 912 345 678",
    "+886 (0)912-345-678", "886912345678",
]  # fmt: skip


@pytest.mark.rule("REG-5", "REG-6")
@pytest.mark.parametrize("number", MOBILES)
def test_a_mobile_number_is_normalized(number: str) -> None:
    assert parse_mobile(number) == parse_phone(number) == "0912345678"


@pytest.mark.rule("REG-5")
@pytest.mark.parametrize(
    "number",
    ["", "912345678", "091234567", "09123456789", "0212345678", "02-27208889", "+8860912345678", "+1912345678",
     "0912345678#1", "0800-000-123"],
)  # fmt: skip
def test_a_number_that_is_not_a_taiwanese_mobile_is_refused(number: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_mobile(number)

    assert error.value.code == "invalid_mobile"


@pytest.mark.rule("REG-5", "REG-6")
@pytest.mark.parametrize("number", ["091234567", "09-2345678", "09123456789"])
def test_the_refusal_of_a_mobile_number_of_another_length_has_the_right_length(number: str) -> None:
    for parse in (parse_mobile, parse_phone):
        with pytest.raises(InvalidValue) as error:
            parse(number)
        assert (error.value.case, error.value.values["digits"]) == ("mobile_length", 10)


@pytest.mark.rule("REG-6")
@given(st.sampled_from(LANDLINES), st.text("0123456789", max_size=6))
def test_a_stored_phone_number_parses_to_itself(landline: tuple[str, str], extension: str) -> None:
    stored = parse_phone("-".join(landline) + (f"#{extension}" if extension else ""))

    assert parse_phone(stored) == stored
