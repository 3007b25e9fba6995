"""URLs are compared in a normal form; a URL without a normal form is refused."""

import pytest
from port_runtime.urls import ascii_host, origin_of, parse_host, parse_origin


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://pass.example.tw", "https://pass.example.tw"),
        ("HTTPS://Pass.Example.TW/", "https://pass.example.tw"),
        ("https://pass.example.tw:443", "https://pass.example.tw"),
        ("https://pass.example.tw:", "https://pass.example.tw"),
        ("https://pass.example.tw:0443/", "https://pass.example.tw"),
        ("http://pass.example.tw:80", "http://pass.example.tw"),
        ("http://pass.example.tw:443", "http://pass.example.tw:443"),
        ("https://pass.example.tw:8443", "https://pass.example.tw:8443"),
        ("https://港務.台灣", "https://xn--lhrz94d.xn--kpry57d"),
        ("https://港務。台灣:443/", "https://xn--lhrz94d.xn--kpry57d"),
        ("https://XN--LHRZ94D.xn--kpry57d", "https://xn--lhrz94d.xn--kpry57d"),
        ("https://ｐａｓｓ.example.tw", "https://pass.example.tw"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://LOCALHOST:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
        ("http://[::FFFF:7f00:1]", "http://[::ffff:7f00:1]"),
        ("http://[0:0:0:0:0:ffff:0:1]", "http://[::ffff:0:1]"),
        ("http://identity_web:8000", "http://identity_web:8000"),
    ],
)
def test_an_origin_has_one_normal_form(url: str, origin: str) -> None:
    assert parse_origin(url) == origin
    assert parse_origin(origin) == origin


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    "url",
    [
        "", "null", "pass.example.tw", "https://", "https:///x", "ftp://pass.example.tw", "//pass.example.tw",
        "https://user@pass.example.tw", "https://user:hush@pass.example.tw", "https://@pass.example.tw",
        "https://pass.example.tw/base", "https://pass.example.tw?x", "https://pass.example.tw/?", "https://pass.example.tw#x",
        "https://pass.example.tw:65536", "https://pass.example.tw:x", "https://pass.example.tw:-1",
        "https://pass..example", "https://.example", "https://pass.example.tw.", "https://-pass.example", "https://pass-.example",
        "https://pa ss.example", "https://pass.example\n", " https://pass.example", "https://p%61ss.example", "https://a\\b.example",
        "https://straße.example", "https://" + "a" * 64 + ".example", "https://" + "a." * 130 + "tw", "https://港\u200d務.台灣",
        "http://127.1", "http://0x7f.1", "http://2130706433", "http://999.1.1.1", "http://[::1", "http://[::1%25eth0]", "http://[::1]x",
        "http://[::ffff:127.0.0.1]", "http://[pass.example.tw]", "https://pass.example／x",
    ],
)  # fmt: skip
def test_a_text_without_a_normal_form_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        parse_origin(url)

    assert "hush" not in str(refused.value)


def test_the_origin_of_a_link_ignores_path_and_query() -> None:
    assert origin_of("HTTPS://Pass.example:443/email/verify?token=a#b") == "https://pass.example"


@pytest.mark.parametrize(
    ("host", "ascii_form"), [("Mail.Example", "mail.example"), ("郵件.台灣", "xn--5nqv22n.xn--kpry57d")]
)
def test_a_host_has_one_ascii_form(host: str, ascii_form: str) -> None:
    assert ascii_host(host) == ascii_form


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Pass.example:443", "pass.example"),
        ("pass.example:8443", "pass.example:8443"),
        ("[::0:1]:80", "[::1]:80"),
    ],
)
def test_a_host_header_has_one_normal_form(text: str, normal: str) -> None:
    assert parse_host(text) == normal


@pytest.mark.parametrize("text", ["", "a/", "a@b", "a:b", "a?", "a b", "[::1", ":80"])
def test_a_wrong_host_header_has_no_normal_form(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_host(text)
