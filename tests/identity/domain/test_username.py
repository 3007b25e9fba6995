"""Usernames (REG-3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.errors import InvalidValue
from identity.domain.username import parse_username, username_key


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize("name", ["example1234", "abcd", "A.b_c-9", "a" * 30])
def test_a_username_is_accepted_as_typed(name: str) -> None:
    assert parse_username(name) == name


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize(
    "name", ["", "abc", "a" * 31, "1abc", ".abc", "ab cd", "錢大明錢大", "abc@", "abcd\x00", "abcd/", "аbcd"]
)
def test_any_other_username_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_username(name)

    assert error.value.code == "invalid_username"


@pytest.mark.rule("REG-3")
@given(st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{3,29}", fullmatch=True))
def test_usernames_that_differ_only_in_case_are_the_same(name: str) -> None:
    assert username_key(name.upper()) == username_key(name.lower()) == username_key(name)
