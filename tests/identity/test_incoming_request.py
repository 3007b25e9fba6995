"""A request is complete with its last byte and not before, in any division into packets (SEC-16)."""

import pytest
from identity.processes.web_server.incoming_request import MAX_HEAD_BYTES, IncomingRequest, Part

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = GET + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    GET + b"\r\n",
    b"\r\n" + GET + b"\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    GET + b"Content-Length: 3\r\n\r\nabc",
    GET + b"content-length:\t3 \r\nX: 1\r\n\r\n\r\n\n",
    CHUNKED + b"0\r\n\r\n",
    CHUNKED + b"3\r\n0\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n",
]
TO_BE_REFUSED = [
    b"GET / HTTP/1.1\n",
    GET + b"X: 1\n",
    b"GET /" + b"x" * 100,
    GET + b"X: " + b"x" * MAX_HEAD_BYTES,
    GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    GET + b"Content-Length: +1\r\n\r\n",
    GET + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    GET + b"Content-Length: 101\r\n\r\n",
    GET + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    CHUNKED + b"x\r\n",
    CHUNKED + b"-1\r\n",
    CHUNKED + b"FFFF\r\n" + b"x" * 103,
    CHUNKED + b"1\r\nx\r\n" * 101,
]


def collect(data: bytes, *, piece: int) -> list[Part]:
    """Return, after each piece, the part that is incomplete, or `whole`."""
    request = IncomingRequest(max_line=50, max_body=100)
    parts: list[Part] = []
    for start in range(0, len(data), piece):
        request.add(data[start : start + piece])
        parts.append(request.part)
    return parts


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize("data", WHOLE)
@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_a_request_is_complete_with_its_last_byte(data: bytes, piece: int) -> None:
    parts = collect(data, piece=piece)

    assert parts.pop() == "whole"
    assert "whole" not in parts


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize("data", TO_BE_REFUSED)
@pytest.mark.parametrize("piece", [50, 100_000])
def test_a_request_that_will_be_refused_counts_as_complete_at_once(data: bytes, piece: int) -> None:
    assert collect(data, piece=piece)[-1] == "whole"
