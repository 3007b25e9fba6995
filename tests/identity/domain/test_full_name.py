"""A person's full name (REG-4)."""

import pytest
from identity.domain.errors import InvalidValue
from identity.domain.full_name import parse_full_name


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    "name",
    [
        "王小明",
        "歐陽娜娜",
        "O'Brien Mary-Jane",
        "Marco",
        "Vinc",
        "Lee Finc",
        "Žinc",
        "Nguyễn Ếco.",
        "王商",
        "李知行",
        "陳公",
        "張行",
        "周號",
        "林工",
        "司馬公明",
        "高雄",
    ],
)
def test_a_persons_full_name_is_accepted(name: str) -> None:
    assert parse_full_name(name) == name


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    "name",
    [
        "臺灣港務股份有限公司", "大明有限公司", "大明企業社", "大明商行", "大明工程行",
        "王大明公司", "大明工作室", "大明報關行", "大明商號", "大明實業社", "大明企業行", "大明工程社", "大明事務所",
        "Daming Ltd.", "Daming Co., Ltd.", "Daming Inc.", "Daming inc", "Daming Co.", "Daming Ｌｔｄ．", "大明 LTD",
        "\U00031350明LTD",
    ],
)  # fmt: skip
def test_a_company_name_is_refused_as_a_persons_name(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_full_name(name)

    assert error.value.code == "company_name"


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    ("name", "code"),
    [("", "required"), ("王", "too_short"), ("王" * 51, "too_long"), ("王\u202e明", "control_character")],
)
def test_a_name_has_two_to_fifty_visible_characters(name: str, code: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_full_name(name)

    assert error.value.code == code
