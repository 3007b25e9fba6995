"""The HTTP settings: the ports, the public site, and the proxies in front of the web processes."""

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
    seconds,
    switch,
)
from port_runtime.settings import setting
from port_runtime.urls import parse_host, parse_origin

from identity.settings.database import DatabaseSettings, metrics_bind

_MAX_TIMEOUT_SECONDS = 300


def _hosts(raw: str) -> tuple[str, ...]:
    return tuple(parse_host(part.strip()) for part in raw.split(",") if part.strip())


def public_url() -> str:
    """Declare the public site, for the processes that write links or sign tokens."""
    return setting(
        "IDENTITY_PUBLIC_URL",
        parse=parse_origin,
        default="http://127.0.0.1:8000",
        doc="base URL of the portal and of all links in mails (scheme, host and port only); also the OIDC issuer; "
        "required in production, with https",
    )


def public_url_errors(url: str, *, mode: str) -> Iterator[str]:
    if mode == PRODUCTION and not url.startswith("https://"):
        yield "IDENTITY_PUBLIC_URL: must be set in production, with https"
    if mode != PRODUCTION and not is_loopback(urlsplit(url).hostname or ""):
        yield "IDENTITY_PUBLIC_URL: must be a loopback address in local mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings(DatabaseSettings):
    """The addresses and host names of the web processes, their time-outs, and the proxies that they trust."""

    bind: HostPort = setting(
        "IDENTITY_BIND",
        parse=host_port,
        default="127.0.0.1:8000",
        doc="address and port of the web server; not used if systemd passes a socket",
    )
    local_bind_any: bool = setting(
        "IDENTITY_LOCAL_BIND_ANY",
        parse=switch,
        default="off",
        doc="`on` allows an `IDENTITY_BIND` outside loopback in local mode, as in a container on one machine",
    )
    metrics_bind: HostPort | None = metrics_bind("IDENTITY_METRICS_BIND", of="the web processes")
    public_url: str = public_url()
    trusted_proxies: tuple[Network, ...] = setting(
        "IDENTITY_TRUSTED_PROXIES",
        parse=networks,
        default="",
        doc="networks of proxies whose forwarding headers are trusted, e.g. `10.0.0.0/8`",
    )
    forwarding_header: str | None = setting(
        "IDENTITY_FORWARDING_HEADER",
        parse=choice("x-forwarded-for", "forwarded"),
        default=None,
        doc="forwarding header that the proxies write, `x-forwarded-for` or `forwarded` (RFC 7239); the other is "
        "ignored. If not set, `Forwarded` is read if `X-Forwarded-For` is missing. Set it if the proxies write only "
        "`Forwarded`; otherwise a client could send a false `X-Forwarded-For`",
    )
    more_hosts: tuple[str, ...] = setting(
        "IDENTITY_MORE_HOSTS",
        parse=_hosts,
        default="",
        doc="further hosts of the web processes, separated by commas, such as `identity:8000` inside a cluster; in "
        "production, requests for hosts other than these and the host of `IDENTITY_PUBLIC_URL` get 421",
    )
    header_timeout: int = setting(
        "IDENTITY_HEADER_TIMEOUT",
        parse=seconds,
        default="10s",
        doc="time in which the header of a request must arrive, from 1s to 5m; then an incomplete request gets 408, "
        "and an idle connection is closed",
    )
    body_timeout: int = setting(
        "IDENTITY_BODY_TIMEOUT",
        parse=seconds,
        default="30s",
        doc="time in which the body of a request must arrive after its header, from 1s to 5m; then it gets 408",
    )

    @property
    def https(self) -> bool:
        """Whether the portal is served over https; cookies then have the `__Host-` prefix."""
        return self.public_url.startswith("https://")

    @property
    def known_hosts(self) -> frozenset[str] | None:
        """The accepted hosts of requests in normal form, or None if all are accepted."""
        if self.mode != PRODUCTION:
            return None
        return frozenset({parse_host(urlsplit(self.public_url).netloc), *self.more_hosts})

    def errors(self) -> Iterator[str]:
        yield from DatabaseSettings.errors(self)
        yield from public_url_errors(self.public_url, mode=self.mode)
        if self.mode != PRODUCTION and not (self.local_bind_any or is_loopback(self.bind.host)):
            yield "IDENTITY_BIND: must be a loopback address in local mode, unless IDENTITY_LOCAL_BIND_ANY is on"
        for name, timeout in (("HEADER", self.header_timeout), ("BODY", self.body_timeout)):
            if not 1 <= timeout <= _MAX_TIMEOUT_SECONDS:
                yield f"IDENTITY_{name}_TIMEOUT: must be from 1s to 5m"
        if self.mode == PRODUCTION and any(network.prefixlen == 0 for network in self.trusted_proxies):
            yield "IDENTITY_TRUSTED_PROXIES: must not include all addresses in production"
