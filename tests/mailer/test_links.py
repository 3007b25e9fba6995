"""A mail leads under the configured public address and nowhere else."""

import pytest

from mailer.domain.errors import ForeignLinkError
from mailer.domain.links import reject_foreign_links

PUBLIC = "https://pass.example.tw"


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "link", [f"{PUBLIC}/email/verify?token=a", f"{PUBLIC}/login", PUBLIC, f"{PUBLIC}?next=/login"]
)
def test_links_under_the_public_address_may_be_sent(link: str) -> None:
    reject_foreign_links({"link": link, "login_url": link}, PUBLIC)


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/email/verify?token=a",
        "https://pass.example.tw.evil.example/",
        "https://pass.example.tw@evil.example/",
        "https://pass.example.tw:8443/",
        "http://pass.example.tw/",
        "//pass.example.tw/",
        "javascript:alert(1)",
        "https://pass.example.tw/ https://evil.example",
        "https://pass.example.tw/\nx",
        "",
    ],
)
def test_links_elsewhere_are_refused(link: str) -> None:
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({"link": link}, PUBLIC)


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("name", ["領獎 http://evil.example", "www.evil.example", "HTTPS://x"])
def test_a_name_that_poses_as_a_link_is_refused(name: str) -> None:
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({"company": name}, PUBLIC)
    with pytest.raises(ForeignLinkError):
        reject_foreign_links({}, PUBLIC, name=name)


def test_an_operators_reason_may_name_a_page() -> None:
    reject_foreign_links({"reason": "請參考 https://gcis.nat.gov.tw 的登記資料"}, PUBLIC)
