"""Links to other sites than the public address are rejected, except in an operator's reason (SEC-9)."""

import pytest

from mailer.domain.errors import ForeignLinkError
from mailer.domain.foreign_links import reject_foreign_links

PUBLIC = "https://pass.example.tw"


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "link", [f"{PUBLIC}/email/verify?token=a", f"{PUBLIC}/login", PUBLIC, f"{PUBLIC}?next=/login"]
)
def test_links_under_the_public_address_are_allowed(link: str) -> None:
    reject_foreign_links({"link": link, "login_url": link}, PUBLIC)


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("public_url", [PUBLIC, "HTTPS://Pass.Example.TW:443/", "https://PASS.example.tw"])
@pytest.mark.parametrize("link", ["HTTPS://PASS.example.tw:443/login", "https://pass.example.tw:/login"])
def test_the_same_address_may_be_written_differently(link: str, public_url: str) -> None:
    reject_foreign_links({"link": link}, public_url)


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/email/verify?token=a",
        "https://pass.example.tw.evil.example/",
        "https://pass.example.tw@evil.example/",
        "https://pass.example.tw:8443/",
        "https://pass.example.tw\\@evil.example/",
        "https://evil.example\\.pass.example.tw/",
        "https://pass.example.tw:443@evil.example/",
        "http://pass.example.tw/",
        "//pass.example.tw/",
        "javascript:alert(1)",
        "https://pass.example.tw/ https://evil.example",
        "https://pass.example.tw/\nx",
        "",
    ],
)
def test_links_to_other_sites_are_rejected(link: str) -> None:
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({"link": link}, PUBLIC)


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("name", ["領獎 http://evil.example", "www.evil.example", "HTTPS://x"])
def test_a_name_that_looks_like_a_link_is_rejected(name: str) -> None:
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({"company": name}, PUBLIC)
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({}, PUBLIC, name=name)


def test_an_operators_reason_may_contain_a_link() -> None:
    reject_foreign_links({"reason": "請參考 https://gcis.nat.gov.tw 的登記資料"}, PUBLIC)
