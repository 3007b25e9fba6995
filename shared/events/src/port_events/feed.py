"""A client of identity's feed and snapshot over HTTP, for events that the stream no longer has (EVT-6).

    feed = Feed("https://identity.example.tw", secret)
    consumer = Consumer.from_url("redis://…", group="passes", feed=feed)

A consumer with a feed reads events that were trimmed from the stream. The secret belongs to a service with the right
`events:read`.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message
    from typing import IO

    from port_events.envelope import JSON

TIMEOUT_SECONDS: Final = 10.0
LIMIT: Final = 200
# Room for LIMIT events of 64 KiB.
MAX_PAGE_BYTES: Final = 16 * 1024 * 1024
MAX_REASON_CHARACTERS: Final = 200
_GONE: Final = 410
_REFUSALS: Final = range(400, 500)
_PASSING_STATUSES: Final = frozenset({408, 425, 429})


class FeedError(Exception):
    """The feed did not return a usable answer."""


class FeedUnavailable(FeedError):  # noqa: N818 - named after its cause
    """A retry may help: the feed is unreachable or overloaded, has failed, or its answer is invalid."""


class FeedRefused(FeedError):  # noqa: N818 - named after its cause
    """A retry does not help: usually the secret, its rights or the address are wrong."""


class CursorExpired(FeedError):  # noqa: N818 - named after the API's code `cursor_expired`
    """Events after `position` were deleted, or lost when the database was restored from a backup.

    Replace all data with `feed.snapshot()`, then call `consumer.start_at(its position)`.
    """

    def __init__(self, position: int) -> None:
        super().__init__(
            f"the feed no longer contains the events after position {position}: "
            "replace your data with feed.snapshot(), then call consumer.start_at(its position)"
        )
        self.position = position


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An event's position and its envelope, decoded from JSON but not validated."""

    position: int
    document: object


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """A page of accounts and bindings. Continue with the events after `position`, which is the same in all pages."""

    position: int
    accounts: list[Mapping[str, JSON]]
    bindings: list[Mapping[str, JSON]]


class Feed:
    """Identity's feed; `url` is the portal's. Plain HTTP outside loopback needs `allow_http`, for private networks.

    The secret appears in no `repr`, error message or URL. Redirects are not followed. The constructor raises
    ValueError for an invalid URL.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        allow_http: bool = False,
        timeout_seconds: float = TIMEOUT_SECONDS,
        limit: int = LIMIT,
    ) -> None:
        self.url = _checked(url, allow_http=allow_http)
        self._authorization = f"Bearer {secret}"
        self._timeout_seconds = timeout_seconds
        self._limit = limit
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __repr__(self) -> str:
        return f"Feed({self.url!r})"

    def __reduce__(self) -> Any:
        raise TypeError("a feed contains a secret and cannot be pickled")

    def read(self, after: int) -> list[FeedItem]:
        """Return up to `limit` events after a position in order, or [] at the end of the feed.

        Raises FeedUnavailable, FeedRefused, CursorExpired.
        """
        page = self._get("events", {"after": after, "limit": self._limit}, after)
        return list(_items(page, after))

    def snapshot(self) -> Iterator[SnapshotPage]:
        """Yield pages of the accounts that are not closed, and of the bindings that are not removed.

        Pages are read one after another, after `position` was determined, so a page may include the effects of later
        events. The `sequence` of such an event is not greater than that of its account in the page. Raises
        FeedUnavailable, FeedRefused.
        """
        cursor: object = None
        while True:
            query = {"limit": self._limit} if cursor is None else {"limit": self._limit, "after": cursor}
            page = self._get("snapshot", query)
            yield _snapshot_page(page)
            cursor = page.get("next")
            if cursor is None:
                return

    def _get(self, name: str, query: Mapping[str, object], after: int = 0) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - `_checked` allows http and https only
            f"{self.url}/api/v1/{name}?{urlencode(query)}",
            headers={"Authorization": self._authorization, "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as answer:
                return _page(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error, after) from None
        except (OSError, http.client.HTTPException) as error:
            raise FeedUnavailable(f"{name}: {_reason(error)}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, so that the secret is not sent to another host."""

    def redirect_request(
        self, _request: Any, _file: IO[bytes], _code: int, _words: str, _headers: Message, _url: str
    ) -> None:
        return None


def _checked(url: str, *, allow_http: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ValueError("the feed's address must be https://host[:port], without user or query")
    if parts.scheme == "http" and not allow_http and not _is_this_machine(parts.hostname):
        raise ValueError("the feed's address must be https outside this machine, unless allow_http=True")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _page(answer: http.client.HTTPResponse) -> dict[str, Any]:
    raw = answer.read(MAX_PAGE_BYTES + 1)
    if len(raw) > MAX_PAGE_BYTES:
        raise FeedUnavailable("the answer is too long")
    try:
        page = json.loads(raw)
    except (ValueError, RecursionError):
        raise FeedUnavailable("the answer is not JSON") from None
    if not isinstance(page, dict):
        raise FeedUnavailable("the answer is not a page")
    return page


def _refusal(error: urllib.error.HTTPError, after: int) -> FeedError:
    if error.code == _GONE:
        return CursorExpired(after)
    if error.code in _REFUSALS and error.code not in _PASSING_STATUSES:
        return FeedRefused(f"the feed answers {error.code}")
    return FeedUnavailable(f"the feed answers {error.code}")


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return type(cause).__name__ if isinstance(cause, Exception) else str(cause)[:MAX_REASON_CHARACTERS]


def _items(page: dict[str, Any], after: int) -> Iterator[FeedItem]:
    last = after
    for item in _list(page, "items"):
        position = item.get("position")
        if not _is_position(position) or position <= last:
            raise FeedUnavailable("the answer's positions do not increase")
        last = position
        yield FeedItem(position, item.get("event"))


def _snapshot_page(page: dict[str, Any]) -> SnapshotPage:
    position = page.get("position")
    if not _is_position(position):
        raise FeedUnavailable("the answer has no position")
    return SnapshotPage(position, _list(page, "accounts"), _list(page, "bindings"))


def _is_position(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _list(page: dict[str, Any], name: str) -> list[Any]:
    found = page.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FeedUnavailable(f"the answer has no {name}")
    return found
