"""The rules of a person's data (REG-3, REG-4, REG-9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.errors import InvalidValue
from identity.domain.person import (
    masked_email,
    parse_email,
    parse_name,
    parse_username,
    username_key,
)


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize("name", ["example1234", "abcd", "A.b_c-9", "a" * 30])
def test_an_account_name_is_accepted_as_typed(name: str) -> None:
    assert parse_username(name) == name


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize(
    "name", ["", "abc", "a" * 31, "1abc", ".abc", "ab cd", "錢大明錢大", "abc@", "abcd\x00", "abcd/", "аbcd"]
)
def test_any_other_account_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_username(name)

    assert error.value.code == "invalid_username"


@pytest.mark.rule("REG-3")
@given(st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{3,29}", fullmatch=True))
def test_account_names_that_differ_only_in_case_are_the_same(name: str) -> None:
    assert username_key(name.upper()) == username_key(name.lower()) == username_key(name)


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    "name", ["王小明", "歐陽娜娜", "O'Brien Mary-Jane", "Marco", "Vinc", "Lee Finc", "王商"]
)
def test_a_persons_full_name_is_accepted(name: str) -> None:
    assert parse_name(name) == name


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    "name",
    [
        "臺灣港務股份有限公司", "大明有限公司", "大明企業社", "大明商行", "大明工程行",
        "Daming Ltd.", "Daming Co., Ltd.", "Daming Inc.", "Daming inc", "Daming Co.", "Daming Ｌｔｄ．", "大明 LTD",
    ],
)  # fmt: skip
def test_a_company_name_is_refused_as_a_persons_name(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_name(name)

    assert error.value.code == "company_name"


@pytest.mark.rule("REG-4")
@pytest.mark.parametrize(
    ("name", "code"),
    [("", "required"), ("王", "too_short"), ("王" * 51, "too_long"), ("王\u202e明", "control_character")],
)
def test_a_name_has_two_to_fifty_visible_characters(name: str, code: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_name(name)

    assert error.value.code == code


@pytest.mark.rule("REG-9")
@given(st.from_regex(r"[A-Za-z0-9]{1,20}@[A-Za-z]{1,10}\.(tw|TW)", fullmatch=True))
def test_a_mailbox_is_compared_without_regard_to_case(email: str) -> None:
    assert parse_email(email) == parse_email(email.upper()) == email.lower()


@pytest.mark.rule("REG-9")
@pytest.mark.parametrize(
    "email",
    [
        "", "a", "a@", "@b.tw", "a@b", "a b@c.tw", "a@b..tw", "a@b.tw, c@d.tw", "a@b.tw\r\nBcc: c@d.tw",
        "<a@b.tw>", "A <a@b.tw>", "a" * 65 + "@b.tw", "a@" + "b" * 250 + ".tw",
    ],
)  # fmt: skip
def test_an_address_that_no_mail_server_accepts_is_refused(email: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_email(email)

    assert error.value.code == "invalid_email"


@pytest.mark.rule("BIND-1")
def test_a_masked_mailbox_shows_its_first_letter_and_domain() -> None:
    assert masked_email("susan@example.com.tw") == "s•••@example.com.tw"
