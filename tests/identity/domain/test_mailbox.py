"""Mailboxes (REG-9, BIND-1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.errors import InvalidValue
from identity.domain.mailbox import parse_mailbox
from port_runtime.mailbox_mask import masked_mailbox


@pytest.mark.rule("REG-9")
@given(st.from_regex(r"[A-Za-z0-9]{1,20}@[A-Za-z]{1,10}\.(tw|TW)", fullmatch=True))
def test_a_mailbox_is_compared_without_regard_to_case(email: str) -> None:
    assert parse_mailbox(email) == parse_mailbox(email.upper()) == email.lower()


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
        parse_mailbox(email)

    assert error.value.code == "invalid_email"


@pytest.mark.rule("BIND-1")
def test_masked_mailboxes_of_a_person_differ_and_short_names_are_hidden() -> None:
    masked = [masked_mailbox(f"{local}@example.com.tw") for local in ("susan", "susan2", "sue1", "s")]

    assert masked == [f"{shown}@example.com.tw" for shown in ("s***n", "s***2", "s***", "s***")]
