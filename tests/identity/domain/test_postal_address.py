"""A company's name and postal address (REG-8)."""

import pytest
from identity.domain.company import parse_company_name
from identity.domain.errors import InvalidValue
from identity.domain.postal_address import parse_postal_address


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
    assert parse_postal_address(address) == address


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
        parse_postal_address(address)

    assert error.value.code == code


@pytest.mark.rule("REG-8")
def test_a_company_name_is_trimmed_and_its_white_space_collapsed() -> None:
    assert parse_company_name("  臺灣港務   股份有限公司 ") == "臺灣港務 股份有限公司"
