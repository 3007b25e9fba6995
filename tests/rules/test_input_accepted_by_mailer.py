"""Every name and mailbox that registration accepts passes the mailer's checks (SEC-9)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain.company import parse_company_name
from identity.domain.errors import InvalidValue
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.username import parse_username
from mailer.domain.foreign_links import reject_foreign_links
from mailer.domain.mail import Mailbox
from port_runtime.mailbox_mask import masked_mailbox

from tests.support.actors.people import unique
from tests.support.harness.system import System

PIECES = [
    "www.", "WWW.", "http://", "a:", "//", ".", "。", "．", "@", "/", ":", "?", "-", "_", "+", " ", "\u3000", "\u200b",
    "\u202e", "\u2028", "\n", "\r\n", "\x00", "\x7f", "\x85", "<", ">", '"', "(", ",", ";", "\\", "[", "'", "王",
    "小明", "\U00031350", "co", "com", "tw", "Co., Ltd.", "a", "B", "1", "é",
    "ｗｗｗ", "𝐰𝐰𝐰", "\ufe0f", "\u0301", "\ud800",
]  # fmt: skip
TYPED = st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), min_size=2, max_size=12).map("".join)


@pytest.mark.rule("SEC-9", "REG-3", "REG-4", "REG-8")
@given(TYPED)
def test_every_name_that_is_accepted_can_be_mailed(text: str) -> None:
    for parse in (parse_full_name, parse_company_name, parse_username):
        with contextlib.suppress(InvalidValue):
            name = parse(text)
            Mailbox("susan@example.com", name)
            reject_foreign_links({"username": name, "link_company": name}, "https://port.tw", name=name)


@pytest.mark.rule("SEC-9", "REG-9")
@given(TYPED, st.sampled_from(["example.com", "www.example.tw", "臺灣.tw", "EXAMPLE.COM", "a-b.co"]))
def test_every_mailbox_that_is_accepted_can_be_mailed(text: str, domain: str) -> None:
    with contextlib.suppress(InvalidValue):
        mailbox = parse_mailbox(f"{text}@{domain}")
        Mailbox(mailbox)
        reject_foreign_links({"new_email_masked": masked_mailbox(mailbox)}, "https://port.tw")


@pytest.mark.rule("SEC-9", "REG-3", "REG-4", "REG-9")
def test_unusual_registrations_receive_their_mail(system: System) -> None:
    name, domain = "J.R. 王\U00031350", f"www.x{unique()}.tw"

    person = system.register(
        username=f"a.{unique()}.b1",
        name=name,
        email=f"o'brien+port@{domain}",
        company={"name": "Daming Co., Ltd."},
    )

    text = system.mail(person.email).text
    assert (f"{name} 您好" in text, "公司名稱：Daming Co., Ltd." in text) == (True, True)
