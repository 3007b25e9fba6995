"""The feed's client bounds answers, distinguishes transient errors from refusals and never shows its secret (EVT-6)."""

import pickle
from collections.abc import Iterator

import pytest
from port_events.feed import CursorExpired, Feed, FeedRefused, FeedUnavailable

from tests.shared.feed_server import SECRET, Published, served
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer


@pytest.fixture
def published(redis_server: RedisServer) -> Published:
    published = Published()
    with redis_server.client() as client:
        published.add(client, "e-1", "e-2", "e-3")
    return published


@pytest.fixture
def address(published: Published) -> Iterator[str]:
    with served(published) as address:
        yield address


def positions(feed: Feed, after: int) -> list[int]:
    return [item.position for item in feed.read(after)]


@pytest.mark.rule("EVT-6")
def test_events_after_a_position_are_read_page_by_page(address: str) -> None:
    feed = Feed(address + "/", SECRET, limit=2)

    assert (positions(feed, 0), positions(feed, 2), positions(feed, 3)) == ([1, 2], [3], [])


@pytest.mark.rule("EVT-6")
def test_an_expired_cursor_is_reported_with_the_remedy(published: Published, address: str) -> None:
    published.oldest = 3

    with pytest.raises(CursorExpired, match=r"with feed\.snapshot.*start_at") as expired:
        Feed(address, SECRET).read(1)

    assert expired.value.position == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_transient_statuses_raise_feed_unavailable(published: Published, address: str, status: int) -> None:
    published.errors = [(status, b"{}")]

    with pytest.raises(FeedUnavailable, match=str(status)):
        Feed(address, SECRET).read(0)


def test_an_unreachable_feed_raises_feed_unavailable() -> None:
    with pytest.raises(FeedUnavailable, match="ConnectionRefusedError"):
        Feed(f"http://127.0.0.1:{free_port()}", SECRET).read(0)


@pytest.mark.rule("SEC-12")
def test_a_wrong_secret_raises_feed_refused_and_is_not_in_the_message(address: str) -> None:
    feed = Feed(address, "another-secret")

    with pytest.raises(FeedRefused, match="401") as refused:
        feed.read(0)

    assert "another-secret" not in f"{refused.value!r} {feed!r} {feed} {vars(feed)['url']}"
    with pytest.raises(TypeError):
        pickle.dumps(feed)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"items": [1]}',
        b'{"items": [{"position": "1"}]}',
        b'{"items": [{"position": 2, "event": {}}, {"position": 2, "event": {}}]}',
        b'{"items": [{"position": 0, "event": {}}]}',
        b'{"items": [{"position": true, "event": {}}]}',
        b"[" * 100_000,
    ],
)
def test_an_invalid_answer_raises_feed_unavailable(published: Published, address: str, body: bytes) -> None:
    published.errors = [(200, body)]

    with pytest.raises(FeedUnavailable):
        Feed(address, SECRET).read(0)


@pytest.mark.rule("SEC-13")
def test_an_endless_answer_is_not_read_completely(
    published: Published, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("port_events.feed.MAX_PAGE_BYTES", 1000)
    published.errors = [(200, b" " * 2000)]

    with pytest.raises(FeedUnavailable, match="too long"):
        Feed(address, SECRET).read(0)


@pytest.mark.rule("SEC-12")
def test_the_secret_is_not_sent_to_the_target_of_a_redirect(published: Published, address: str) -> None:
    published.errors = [(302, b"")]

    with pytest.raises(FeedUnavailable, match="302"):
        Feed(address, SECRET).read(0)

    assert len(published.requests) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://identity.example.tw",
        "ftp://identity.example.tw",
        "https://user:word@identity.example.tw",
        "https://identity.example.tw/?a=b",
        "identity.example.tw",
    ],
)
def test_a_url_that_would_expose_the_secret_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="the feed's address"):
        Feed(address, SECRET)


def test_plain_http_requires_loopback_or_allow_http() -> None:
    assert Feed("http://localhost:8000", SECRET).url == "http://localhost:8000"
    assert Feed("http://[::1]:8000", SECRET).url == "http://[::1]:8000"
    assert Feed("http://identity:8000", SECRET, allow_http=True).url == "http://identity:8000"
