"""Likely typing errors in mailboxes (VER-8)."""

import pytest
from identity.domain.mailbox_typos import likely_mailbox


@pytest.mark.rule("VER-8")
@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gmail.con", "gmail.com"), ("gmai.com", "gmail.com"),
        ("gmail.com.tw", "gmail.com"),
        ("yahoo.con.tw", "yahoo.com.tw"), ("yaho.com.tw", "yahoo.com.tw"), ("hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"), ("ms.hient.net", "ms.hinet.net"),
        ("gmial.con", "gmail.com"), ("yaho.con.tw", "yahoo.com.tw"), ("hotmial.cmo", "hotmail.com"),
        ("twport.con.tw", "twport.com.tw"), ("hient.nte", "hinet.net"),
        ("mail.con", "mail.com"), ("ymail.con", "ymail.com"), ("email.cmo", "email.com"),
    ],
)  # fmt: skip
def test_a_common_domain_is_suggested_for_a_similar_domain(domain: str, meant: str) -> None:
    assert likely_mailbox(f"me@{domain}") == f"me@{meant}"


@pytest.mark.rule("VER-8")
@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "mail.com",
        "ymail.com",
        "hinet.net",
        "twport.com.tw",
        "example.com",
        "kh.gov.tw",
        "tw",
        "ent.tw",
        "nett.tw",
        "vom.tw",
    ],
)
def test_nothing_is_suggested_for_other_domains(domain: str) -> None:
    assert likely_mailbox(f"me@{domain}") is None
