"""Any input gets a short client error, never a server error (SEC-13)."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.actors.people import registration
from tests.support.harness.system import System

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"kind": "\xff\xfe"}',
    "an array": b"[]",
    "a number": b"1e999",
    "not a number": b'{"kind": NaN}',
    "a huge number": b'{"kind": 1' + b"0" * 10_000 + b"}",
    "null": b"null",
    "deep": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"company":' * 5_000 + b"1" + b"}" * 5_000,
    "a field twice": b'{"kind": "link", "kind": "general"}',
    "NUL": b'{"kind": "\\u0000", "username": "\\u0000"}',
}
FIELDS = ["kind", "username", "name", "mobile", "email", "password"]
VALUES: dict[str, Any] = {
    "a lone surrogate": "\ud800abc",
    "NUL": "abc\x00def",
    "a line break": "錢大明\r\nBcc: evil@example.com",
    "an escape": "錢\x1b[31m明",
    "a direction": "錢\u202e大明",
    "a number": 12,
    "true": True,
    "null": None,
    "an array": ["x"],
    "an object": {"$ne": ""},
    "much text": "x" * 60_000,
}


def _post(system: System, body: bytes, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json", **headers}
    return system.visitor().http.post("/api/v1/accounts", content=body, headers=sent)


def _is_problem(answer: httpx.Response) -> bool:
    problem = answer.json()
    return (
        400 <= answer.status_code < 500
        and answer.headers["Content-Type"] == "application/problem+json"
        and {"type", "title", "status", "detail", "code"} <= set(problem)
        and problem["status"] == answer.status_code
        and len(problem["detail"]) < 100
        and "Traceback" not in answer.text
    )


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("body", BODIES)
def test_a_malformed_registration_body_is_refused_with_a_message(system: System, body: str) -> None:
    answer = _post(system, BODIES[body])

    assert _is_problem(answer), answer.text


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("value", VALUES)
def test_a_wrong_value_is_refused_in_every_position(system: System, value: str) -> None:
    bodies = [registration() | {field: VALUES[value]} for field in FIELDS]
    bodies += [
        registration(company={field: VALUES[value]}) for field in ("tax_id", "phone", "name", "address")
    ]

    answers = [_post(system, json.dumps(body).encode()) for body in bodies]

    assert [answer.text for answer in answers if not _is_problem(answer)] == []
    assert not any("Bcc" in answer.text for answer in answers)


@pytest.mark.rule("SEC-13")
def test_unknown_fields_are_refused_by_name(system: System) -> None:
    body = registration(company={"boss": 1}) | {"is_admin": True, "a/b~c": 1}

    errors = _post(system, json.dumps(body).encode()).json()["errors"]

    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("/is_admin", "unknown_field"),
        ("/a~1b~0c", "unknown_field"),
        ("/company/boss", "unknown_field"),
    }


@pytest.mark.rule("SEC-13")
def test_an_oversized_body_is_refused_before_it_is_parsed(system: System) -> None:
    body = json.dumps(registration() | {"name": "x" * 70_000}).encode()

    answer = _post(system, body)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def _in_chunks(data: bytes) -> Iterator[bytes]:
    yield data


@pytest.mark.rule("SEC-13")
def test_a_chunked_body_has_the_same_limit(system: System) -> None:
    small = json.dumps(registration()).encode()
    large = small.ljust(70_000)  # truncated at the limit, the body would still be a valid registration
    headers = {"Content-Type": "application/json"}

    accepted = system.visitor().http.post("/api/v1/accounts", content=_in_chunks(small), headers=headers)
    refused = system.visitor().http.post("/api/v1/accounts", content=_in_chunks(large), headers=headers)

    assert accepted.status_code == 202
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(
    ("value", "code"),
    [("x" * 1001, "too_long"), ("a\0b", "control_character"), ("\ud800", "control_character")],
)
def test_an_unreadable_text_is_refused_with_its_reason(system: System, value: str, code: str) -> None:
    body = json.dumps({"username": "someone", "password": value}).encode()

    answer = system.visitor().http.post(
        "/api/v1/sessions", content=body, headers={"Content-Type": "application/json"}
    )

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (422, "/password", code)


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
def test_another_media_type_is_refused(system: System, media_type: str) -> None:
    answer = _post(system, json.dumps(registration()).encode(), **{"Content-Type": media_type})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.rule("SEC-13")
def test_malformed_urls_and_headers_are_client_errors(system: System) -> None:
    person = system.logged_in(system.person())
    odd: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/email/verify?token=%00", {}),
        ("GET", "/email/verify?token=%ff%fe", {}),
        ("GET", "/email/verify?token=" + "x" * 3000, {}),
        ("GET", "/api/v1/%00", {}),
        ("GET", "/api/v1/../../etc/passwd", {}),
        ("DELETE", "/api/v1/sessions/not-a-uuid", {}),
        ("DELETE", "/api/v1/bindings/%00", {}),
        ("PUT", "/api/v1/accounts", {}),
        ("GET", "/static/..%2f..%2fapp.py", {}),
        ("GET", "/api/v1/session", {"Authorization": "Bearer \u00e9"}),
        ("GET", "/api/v1/session", {"Authorization": "Bearer " + "x" * 3000}),
        ("GET", "/api/v1/session", {"Cookie": "session=" + "x" * 3000}),
        ("PATCH", "/api/v1/account", {"If-Match": '"' + "9" * 40 + '"'}),
        ("GET", "/api/v1/session", {"X-Forwarded-For": "x" * 2000, "X-Request-ID": "a\tb"}),
    ]

    answers = [
        person.http.request(method, path, headers=httpx.Headers(headers, encoding="latin-1"))
        for method, path, headers in odd
    ]

    assert [answer.status_code for answer in answers if not 200 <= answer.status_code < 500] == []


def _raw(system: System, request: bytes) -> bytes:
    parts = urlsplit(system.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("length", [b"-1", b"9999999999", b"x", b"1, 2"])
def test_a_wrong_content_length_is_refused(system: System, length: bytes) -> None:
    head = b"POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "

    status = _raw(system, head + length + b"\r\n\r\n{}")

    assert status.split()[1][:1] == b"4"


@pytest.mark.rule("SEC-13", "SEC-9")
@pytest.mark.parametrize(
    "name",
    [
        "領獎 http://evil.example", "www.evil.example", "ＨＴＴＰＳ：／／evil", "請至 evil-port.tw/verify 驗證",
        "ｅｖｉｌ．ｔｗ／ｘ", "a@evil.tw",
    ],
)  # fmt: skip
def test_a_name_that_mail_readers_turn_into_a_link_is_refused(system: System, name: str) -> None:
    body = registration(company={"name": name}) | {"name": name}

    answer = system.visitor().post("/accounts", body)

    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/name", "web_address"),
        ("/company/name", "web_address"),
    }


@pytest.mark.rule("SEC-13", "SEC-9")
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("請至 evil-port.tw 驗證", 422),
        ("EVIL.COM", 422),
        ("J. R. Smith", 202),
        ("J.Smith", 202),
        ("C.Y.Li", 202),
        ("Dr. Wang", 202),
        ("谷辣斯．尤達卡", 202),
        ("點我 bit.ly", 422),
    ],
)
def test_a_name_must_not_look_like_a_domain(system: System, name: str, status: int) -> None:
    company = {"name": f"{name} 有限公司"}

    of_person = system.visitor().post("/accounts", registration() | {"name": name})
    of_company = system.visitor().post("/accounts", registration(company=company))

    assert [of_person.status_code, of_company.status_code] == [status, status]
