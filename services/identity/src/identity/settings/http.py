"""The settings of the HTTP side: its ports, its public site and the proxies in front of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from port_runtime.setting_parsers import (
    PRODUCTION,
    HostPort,
    Network,
    choice,
    host_port,
    is_loopback,
    networks,
    optional,
    seconds,
    switch,
)
from port_runtime.settings import setting
from port_runtime.urls import parse_host, parse_origin

from identity.settings.database import DatabaseSettings

_MAX_TIMEOUT_SECONDS = 300


def _hosts(raw: str) -> tuple[str, ...]:
    return tuple(parse_host(part.strip()) for part in raw.split(",") if part.strip())


def public_url() -> str:
    """Declare the site that people see; the issuer of tokens."""
    return setting(
        "IDENTITY_PUBLIC_URL",
        parse=parse_origin,
        default="http://127.0.0.1:8000",
        doc="site that links in mails lead to, scheme, host and port alone; the OIDC issuer",
    )


def public_url_errors(url: str, *, mode: str) -> Iterator[str]:
    """Yield what is wrong with the site in this mode."""
    if mode == PRODUCTION and not url.startswith("https://"):
        yield "IDENTITY_PUBLIC_URL: must be set in production, and be https"
    if mode != PRODUCTION and not is_loopback(urlsplit(url).hostname or ""):
        yield "IDENTITY_PUBLIC_URL: must be a loopback address in local mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings(DatabaseSettings):
    """Where the web processes listen, under which name they are known, and whose forwarding headers they trust."""

    bind: HostPort = setting(
        "IDENTITY_BIND", parse=host_port, default="127.0.0.1:8000", doc="address and port"
    )
    local_bind_any: bool = setting(
        "IDENTITY_LOCAL_BIND_ANY",
        parse=switch,
        default="off",
        doc="`on` allows `IDENTITY_BIND` beyond loopback in local mode, as in a container on one machine",
    )
    metrics_bind: HostPort | None = setting(
        "IDENTITY_METRICS_BIND",
        parse=optional(host_port),
        default=None,
        doc="operations port of the web processes, host:port, with `/metrics`, `/livez`, `/readyz`; never expose it to "
        "the outside",
    )
    public_url: str = public_url()
    trusted_proxies: tuple[Network, ...] = setting(
        "IDENTITY_TRUSTED_PROXIES",
        parse=networks,
        default="",
        doc="networks of proxies whose forwarding headers are trusted, e.g. `10.0.0.0/8`",
    )
    forwarding_header: str | None = setting(
        "IDENTITY_FORWARDING_HEADER",
        parse=optional(choice("x-forwarded-for", "forwarded")),
        default=None,
        doc="the forwarding header that the proxies write, `x-forwarded-for` or `forwarded` (RFC 7239); the other is "
        "ignored. If not set, `Forwarded` is read where `X-Forwarded-For` is missing: set it for proxies that write "
        "`Forwarded` alone, or clients could send the other",
    )
    more_hosts: tuple[str, ...] = setting(
        "IDENTITY_MORE_HOSTS",
        parse=_hosts,
        default="",
        doc="further hosts by which the web processes may be addressed, such as `identity:8000` inside a cluster; in "
        "production, requests for another host than these and that of `IDENTITY_PUBLIC_URL` get 421",
    )
    header_timeout: int = setting(
        "IDENTITY_HEADER_TIMEOUT",
        parse=seconds,
        default="10s",
        doc="how long a connection may take to send the header of a request; then it is closed",
    )
    body_timeout: int = setting(
        "IDENTITY_BODY_TIMEOUT",
        parse=seconds,
        default="30s",
        doc="how long a connection may take to send the body of a request, after its header",
    )

    @property
    def https(self) -> bool:
        """Whether the portal is served over https; cookies then have the `__Host-` prefix."""
        return self.public_url.startswith("https://")

    @property
    def known_hosts(self) -> frozenset[str] | None:
        """The hosts of requests that are answered, in normal form; None for all."""
        if self.mode != PRODUCTION:
            return None
        return frozenset({parse_host(urlsplit(self.public_url).netloc), *self.more_hosts})

    def errors(self) -> Iterator[str]:
        """Yield the errors that are found once all settings have been parsed."""
        yield from DatabaseSettings.errors(self)
        yield from public_url_errors(self.public_url, mode=self.mode)
        if self.mode != PRODUCTION and not (self.local_bind_any or is_loopback(self.bind.host)):
            yield "IDENTITY_BIND: must be a loopback address in local mode, unless IDENTITY_LOCAL_BIND_ANY is on"
        for name, timeout in (("HEADER", self.header_timeout), ("BODY", self.body_timeout)):
            if not 1 <= timeout <= _MAX_TIMEOUT_SECONDS:
                yield f"IDENTITY_{name}_TIMEOUT: must be from 1s to 5m"
        if self.mode == PRODUCTION and any(network.prefixlen == 0 for network in self.trusted_proxies):
            yield "IDENTITY_TRUSTED_PROXIES: must not be everybody in production"
