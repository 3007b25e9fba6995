"""URLs that name sentinels instead of a server: `redis+sentinel://USER:PASSWORD@HOST:26379,HOST/SERVICE/DB`.

With `rediss+sentinel`, connections to the sentinels and to the server use TLS with the same options. User and password
are for the server; the options `sentinel_username` and `sentinel_password` are for the sentinels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

if TYPE_CHECKING:
    from collections.abc import Callable

    from port_events._failover import Address

SUFFIX: Final = "+sentinel"
_DEFAULT_PORT: Final = 26379
# Short time-outs, because the next sentinel may answer. One retry, for a dropped connection.
_OPTIONS: Final = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0, "retry": Retry(NoBackoff(), 1)}
_CREDENTIALS: Final = "sentinel_"


def parse_sentinel_url(url: str) -> tuple[str, Callable[[], Address]]:
    """Return the server's URL with a placeholder as host, and a function that returns the primary's address.

    Raises ValueError, and does not connect. The returned function asks one sentinel after another until one knows the
    service and sees its primary up. It raises redis.RedisError.
    """
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if not service or not (database or "0").isdecimal():
        raise ValueError("the path is not /SERVICE or /SERVICE/DB")
    options = parse_qsl(parts.query, keep_blank_values=True)
    of_sentinels = {name.removeprefix(_CREDENTIALS): value for name, value in options if _is_ours(name)}
    query = urlencode([each for each in options if not _is_ours(each[0])])
    scheme = parts.scheme.removesuffix(SUFFIX)
    server_url = urlunsplit((scheme, f"{user}@localhost", f"/{database}", query, ""))
    addresses = [_address(each) for each in hosts.split(",")]
    tls = _tls_options(server_url) if scheme == "rediss" else {}
    try:
        sentinel = Sentinel(addresses, sentinel_kwargs={**_OPTIONS, **tls, **of_sentinels})  # type: ignore[no-untyped-call]  # redis-py lacks the type
    except TypeError:
        raise ValueError("an option that begins with ssl_ is unknown") from None

    def locate() -> Address:
        host, port = sentinel.discover_master(unquote(service))  # type: ignore[no-untyped-call]  # redis-py lacks the type
        return str(host), int(port)

    return server_url, locate


def _is_ours(option: str) -> bool:
    return option in {f"{_CREDENTIALS}username", f"{_CREDENTIALS}password"}


def _address(text: str) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path or parts.username is not None:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or _DEFAULT_PORT


def _tls_options(server_url: str) -> dict[str, Any]:
    options: dict[str, Any] = parse_url(server_url)  # type: ignore[no-untyped-call]  # redis-py lacks the type
    return {"ssl": True, **{name: value for name, value in options.items() if name.startswith("ssl_")}}
