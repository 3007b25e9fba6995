"""The accepted values of each field and their stored form, through the API (REG-3 to REG-8)."""

from typing import Any

import pytest

from tests.support.actors.people import registration, unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


def refused(system: System, **changes: Any) -> tuple[str, str]:
    """Register with one wrong field; return the pointer and the message of the error."""
    answer = system.visitor().post("/accounts", registration(**changes))
    (error,) = answer.json()["errors"]
    return error["pointer"], normalize(error["detail"])


def stored_value(system: System, column: str, **changes: Any) -> object:
    """Register; return the value of a column."""
    person = system.register(**changes)
    (row,) = system.rows(f"SELECT {column} FROM accounts WHERE id = :id", id=person.id)
    return row[0]


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_an_account_name_is_unique_without_regard_to_case_across_both_kinds(
    system: System, kind: str
) -> None:
    taken = system.register("general")

    answer = system.visitor().post("/accounts", registration(kind, username=taken.username.upper()))

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    assert normalize(answer.json()["detail"]) == normalize("帳號已經存在,請重設其他帳號")


@pytest.mark.rule("REG-3")
def test_an_account_name_is_stored_as_typed_and_logs_in_in_any_case(system: System) -> None:
    name = f"Example.{unique()}"
    person = system.register(username=name)

    answer = system.visitor().post("/sessions", {"username": name.upper(), "password": person.password})

    assert answer.json()["account"]["username"] == name


@pytest.mark.rule("REG-3")
def test_an_account_name_of_another_form_is_refused(system: System) -> None:
    names = ("abc", "a" * 31, "1234567", "錢大明的帳號", "abc def")

    assert {refused(system, username=name)[0] for name in names} == {"/username"}


@pytest.mark.rule("REG-4")
def test_a_company_name_is_refused_as_a_persons_name(system: System) -> None:
    endings = ("股份有限公司", "有限公司", "企業社", "商行", "工程行", " Ltd.", " Inc.", " Co.")

    result = {refused(system, name=f"大明{ending}") for ending in endings}

    assert result == {("/name", normalize("需填寫人員完整姓名,不可為公司名稱"))}


@pytest.mark.rule("REG-5")
def test_a_mobile_number_is_normalized(system: System) -> None:
    numbers = ("0912345678", "0912-345-678", "+886912345678")

    assert [stored_value(system, "mobile", mobile=number) for number in numbers] == ["0912345678"] * 3


@pytest.mark.rule("REG-5")
def test_a_foreign_mobile_number_is_refused(system: System) -> None:
    assert refused(system, mobile="+81-90-1234-5678")[0] == "/mobile"


@pytest.mark.rule("REG-6")
def test_a_company_phone_is_a_landline_with_extension_or_a_mobile_number(system: System) -> None:
    phones = ["02-12345678#12345", "07-1234567", "0912345678"]

    assert [stored_value(system, "company_phone", company={"phone": phone}) for phone in phones] == phones


@pytest.mark.rule("REG-6")
def test_a_phone_without_area_code_is_refused(system: System) -> None:
    assert refused(system, company={"phone": "12345678"})[0] == "/company/phone"


@pytest.mark.rule("REG-6")
def test_a_landline_of_a_small_area_is_normalized(system: System) -> None:
    typed = ["(037) 322-150", "049-222-2106", "0836 22381", "+886 (0)89 326-141 分機 12"]

    stored = [stored_value(system, "company_phone", company={"phone": phone}) for phone in typed]

    assert stored == ["037-322150", "049-2222106", "0836-22381", "089-326141#12"]


@pytest.mark.rule("REG-6")
def test_a_freephone_number_is_refused_with_its_reason(system: System) -> None:
    assert refused(system, company={"phone": "0800-000-123"}) == (
        "/company/phone",
        normalize("免付費電話（0800、0809）不能作為公司電話，請改填含區碼的市話或手機號碼"),
    )


@pytest.mark.rule("REG-7")
def test_a_valid_tax_id_and_an_agency_code_are_accepted(system: System) -> None:
    numbers = ["62140097", "00501508", "04595257", "A11111111", "A111111111"]

    assert [stored_value(system, "tax_id", company={"tax_id": number}) for number in numbers] == numbers


@pytest.mark.rule("REG-7")
def test_any_other_tax_id_is_refused(system: System) -> None:
    numbers = ("00000000", "12345678", "a1111111", "1234567")

    assert {refused(system, company={"tax_id": number})[0] for number in numbers} == {"/company/tax_id"}


@pytest.mark.rule("REG-7")
def test_a_setting_disables_the_checksum_but_not_the_format(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_TAX_ID_CHECKSUM="off")

    assert stored_value(system, "tax_id", company={"tax_id": "00000008"}) == "00000008"
    assert refused(system, company={"tax_id": "0000008"})[0] == "/company/tax_id"


@pytest.mark.rule("REG-8")
def test_an_address_may_start_with_its_postal_code(system: System) -> None:
    addresses = [f"{code}高雄市鼓山區蓬萊路10號" for code in ("", "804", "80400", "804004")]

    assert [
        stored_value(system, "company_address", company={"address": each}) for each in addresses
    ] == addresses


@pytest.mark.rule("REG-8")
def test_an_address_with_half_a_postal_code_or_without_county_or_city_is_refused(system: System) -> None:
    addresses = ("8040高雄市鼓山區蓬萊路10號", "鼓山區蓬萊路10號")

    assert {refused(system, company={"address": each})[0] for each in addresses} == {"/company/address"}


@pytest.mark.rule("REG-8")
def test_a_company_name_is_required(system: System) -> None:
    assert refused(system, company={"name": " "})[0] == "/company/name"


@pytest.mark.rule("REG-4", "REG-5", "REG-8", "REG-9", "SEC-13")
def test_pasted_values_are_stored_without_invisible_characters(system: System) -> None:
    mailbox = f"susan{unique()}@example.com"
    person = system.register(
        name="王\U00031350",
        mobile="\u202a0912\u2011345\u2011678\u202c",
        email=f"\u200b{mailbox}\ufeff",
        company={
            "tax_id": "6214\u200b0097",
            "name": "\u2ed1榮海運",
            "address": "\u2fbc雄市鼓\u2f2d區蓬萊路１０號",
        },
    )

    (row,) = system.rows(
        "SELECT name, mobile, email, tax_id, company_name, company_address FROM accounts WHERE id = :id",
        id=person.id,
    )

    assert tuple(row) == (
        "王\U00031350", "0912345678", mailbox, "62140097", "長榮海運", "高雄市鼓山區蓬萊路10號",
    )  # fmt: skip


@pytest.mark.rule("REG-4", "SEC-13")
def test_a_name_without_visible_characters_is_refused(system: System) -> None:
    names = ("\u3164\u3164", "\u2800\u2800", "\u2060\u200b")

    assert {refused(system, name=name)[0] for name in names} == {"/name"}
    assert {refused(system, company={"name": name})[0] for name in names} == {"/company/name"}
