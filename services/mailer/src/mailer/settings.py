"""The mailer's settings (OPS-5); NAME_FILE names a file that contains the value of NAME."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from email.utils import getaddresses
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from port_events.keys import SEAL_CURVE, SIGN_CURVE, key_set_errors
from port_events.redis_client import URL_SCHEMES, check_redis_url
from port_events.sealing import Opener
from port_runtime.agency_contact import Contact
from port_runtime.secret import Secret  # noqa: TC002 - a field of the dataclass, read at run time
from port_runtime.setting_parsers import (
    PRODUCTION,
    HostPort,
    directory,
    host_port,
    integer,
    is_loopback,
    log_format,
    log_level,
    mode,
    seconds,
    secret,
    secret_url,
    switch,
    text,
    url_of,
)
from port_runtime.settings import setting
from port_runtime.tls_urls import is_redis_protected
from port_runtime.urls import ascii_host, parse_origin

from mailer.adapters.mail_texts import default_sender
from mailer.adapters.smtp.server_settings import PORTS, SmtpServer, Timeouts
from mailer.domain.domain_rate_limits import DomainRateLimits, normalize_domain
from mailer.domain.errors import UnsafeMailError
from mailer.domain.mail import Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
MAX_PER_HOUR: Final = 1_000_000
MAX_SHORT_SECONDS: Final = 300
_ADDRESS_LITERAL: Final = re.compile(r"\[(IPv6:)?[0-9A-Fa-f:.]{3,45}\]")
_DOMAIN: Final = re.compile(r"\*|[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")


def mailbox(raw: str) -> Mailbox:
    """Parse `name <address>` or an address alone. The domain must be convertible to ASCII."""
    try:
        ((name, address),) = getaddresses([text(raw)])
        found = Mailbox(address, name)
        ascii_host(found.domain)
    except (UnsafeMailError, ValueError):
        raise ValueError("must be an address, or a name with an address in angle brackets") from None
    return found


def address(raw: str) -> str:
    found = mailbox(raw)
    if found.name:
        raise ValueError("must be an address without a name")
    return found.address


def certificates(raw: str) -> Path:
    path = Path(raw)
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        raise ValueError("must be a readable file with certificates in PEM") from None
    return path


def ehlo_name(raw: str) -> str:
    """Parse a host name or an address literal such as `[192.0.2.1]` (RFC 5321 section 4.1.3)."""
    return raw if _ADDRESS_LITERAL.fullmatch(raw) else ascii_host(raw)


def domain_rate_limits(raw: str) -> DomainRateLimits:
    """Parse the mails per hour by recipient domain, as in `gmail.com=500,*=2000`."""
    by_domain: dict[str, int] = {}
    for piece in filter(None, (part.strip() for part in raw.split(","))):
        domain, _, count = piece.partition("=")
        name = normalize_domain(domain.strip())
        if not _DOMAIN.fullmatch(name) or name in by_domain:
            raise ValueError(
                "must name each domain once, with its mails per hour, as in gmail.com=500,*=2000"
            )
        by_domain[name] = integer(1, MAX_PER_HOUR)(count.strip())
    return DomainRateLimits(by_domain)


def short_time(raw: str) -> int:
    """Parse a duration from 1 to MAX_SHORT_SECONDS seconds."""
    value = seconds(raw)
    if not 1 <= value <= MAX_SHORT_SECONDS:
        raise ValueError(f"must be from 1 to {MAX_SHORT_SECONDS} seconds")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings:
    """The settings of templates, none of which is required."""

    public_url: str = setting(
        "IDENTITY_PUBLIC_URL",
        parse=parse_origin,
        default="http://127.0.0.1:8000",
        doc="base URL of all links in mails",
    )
    sender: Mailbox = setting(
        "MAILER_FROM",
        parse=mailbox,
        default=default_sender(),
        doc="sender of every mail",
    )
    reply_to: Mailbox | None = setting(
        "MAILER_REPLY_TO",
        parse=mailbox,
        default=None,
        doc="address for replies; if not set, mails ask people not to reply",
    )
    template_dir: Path | None = setting(
        "MAILER_TEMPLATE_DIR",
        parse=directory,
        default=None,
        doc="directory of templates; each file replaces the built-in file of the same path",
    )
    contact_name: str | None = setting(
        "IDENTITY_CONTACT_NAME",
        parse=text,
        default=None,
        doc="the agency that people can contact, named in the footer of every mail; the same as identity's",
    )
    contact_phone: str | None = setting(
        "IDENTITY_CONTACT_PHONE", parse=text, default=None, doc="the agency's phone number"
    )
    contact_mailbox: str | None = setting(
        "IDENTITY_CONTACT_MAILBOX", parse=address, default=None, doc="the agency's mailbox"
    )
    contact_hours: str | None = setting(
        "IDENTITY_CONTACT_HOURS", parse=text, default=None, doc="the agency's office hours"
    )
    privacy_url: str | None = setting(
        "IDENTITY_PRIVACY_URL",
        parse=url_of("http", "https"),
        default=None,
        doc="the agency's privacy statement",
    )
    accessibility_url: str | None = setting(
        "IDENTITY_ACCESSIBILITY_URL",
        parse=url_of("http", "https"),
        default=None,
        doc="the agency's accessibility statement",
    )

    def contact(self) -> Contact:
        """Return the agency's contact and statements (OPS-8)."""
        return Contact(
            name=self.contact_name,
            phone=self.contact_phone,
            mailbox=self.contact_mailbox,
            hours=self.contact_hours,
            privacy_url=self.privacy_url,
            accessibility_url=self.accessibility_url,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(TemplateSettings):
    """The settings of `mailer run`, and of commands that use Redis or the mail server."""

    public_url: str = setting(
        "IDENTITY_PUBLIC_URL",
        parse=parse_origin,
        doc="base URL of all links in mails; a mail with any other link is refused. Must equal identity's value.",
    )
    mode: str = setting(
        "IDENTITY_MODE",
        parse=mode,
        default=PRODUCTION,
        doc="`production` or `local`",
    )
    redis_url: Secret = setting(
        "REDIS_URL",
        parse=secret_url(*URL_SCHEMES, check=check_redis_url),
        doc="URL of Redis with the mailer's user; `redis+sentinel://` names sentinels (runbook, Failover of Redis)",
    )
    redis_plain: bool = setting(
        "REDIS_PLAIN",
        parse=switch,
        default="off",
        doc="`on` allows `redis://` to hosts other than localhost in production, for example on a private network",
    )
    smtp_url: Secret = setting(
        "MAILER_SMTP_URL",
        parse=secret_url(*PORTS),
        doc="`smtp://`, `smtp+starttls://` or `smtps://`, with user and password (percent-encoded)",
    )
    smtp_ca_file: Path | None = setting(
        "MAILER_SMTP_CA_FILE",
        parse=certificates,
        default=None,
        doc="file with the CA certificates that verify the mail server's certificate; if not set, those of the system",
    )
    smtp_ehlo: str | None = setting(
        "MAILER_SMTP_EHLO",
        parse=ehlo_name,
        default=None,
        doc="host name sent in EHLO; if not set, the name of the machine",
    )
    smtp_timeout_seconds: int = setting(
        "MAILER_SMTP_TIMEOUT",
        parse=short_time,
        default="20s",
        doc="time-out for connecting to the mail server; replies have the time-outs of RFC 5321",
    )
    smtp_plain: bool = setting(
        "MAILER_SMTP_PLAIN",
        parse=switch,
        default="off",
        doc="`on` allows `smtp://` to hosts other than localhost in production, for example on a private network",
    )
    threads: int = setting(
        "MAILER_THREADS",
        parse=integer(1, 64),
        default="8",
        doc="mails sent at the same time; the same number may additionally wait for slow replies",
    )
    lease_seconds: int = setting(
        "MAILER_LEASE",
        parse=short_time,
        default="20s",
        doc="time after which other mailers take over the mails of a mailer that does not respond; must be longer than "
        "the time for which a demoted Redis primary still accepts writes (about 10 s with Sentinel), otherwise mails "
        "may be sent twice",
    )
    domain_rate_limits: DomainRateLimits = setting(
        "MAILER_DOMAIN_CEILINGS",
        parse=domain_rate_limits,
        default="",
        doc="maximum number of mails per hour to a recipient domain, as in `gmail.com=500,*=2000`; further mails wait",
    )
    metrics_bind: HostPort | None = setting(
        "MAILER_METRICS_BIND",
        parse=host_port,
        default=None,
        doc="address (host:port) of the HTTP server of the mailer for metrics and health checks (`/metrics`, `/livez`, "
        "`/readyz`); never expose it to the outside",
    )
    log_level: str = setting(
        "MAILER_LOG_LEVEL", parse=log_level, default="INFO", doc="lowest level that is logged"
    )
    log_format: str = setting(
        "IDENTITY_LOG_FORMAT",
        parse=log_format,
        default="json",
        doc="format of log lines in both services: `json`, `logfmt`, or `console` for people at a terminal",
    )
    seal_keys: Secret = setting(
        "MAIL_SEAL_PRIVATE_KEYS", parse=secret, doc="JWK set: private keys that decrypt mails"
    )
    sign_keys: Secret = setting(
        "MAIL_SIGN_PUBLIC_KEYS",
        parse=secret,
        doc="JWK set: public keys that verify identity's signatures",
    )

    def errors(self) -> Iterator[str]:
        """Yield errors of the SMTP URL and the keys, and of settings that are unsafe in this mode."""
        try:
            server = self.smtp_server()
        except ValueError as error:
            yield f"MAILER_SMTP_URL: {error}"
        else:
            yield from self._unsafe(server)
        yield from key_set_errors(
            "MAIL_SEAL_PRIVATE_KEYS", self.seal_keys.reveal(), curve=SEAL_CURVE, private=True
        )
        yield from key_set_errors("MAIL_SIGN_PUBLIC_KEYS", self.sign_keys.reveal(), curve=SIGN_CURVE)

    def smtp_server(self) -> SmtpServer:
        """Return the mail server. Raises ValueError for an invalid URL."""
        return SmtpServer.from_url(
            self.smtp_url.reveal(),
            ehlo=self.smtp_ehlo,
            ca_file=self.smtp_ca_file,
            timeouts=Timeouts(connect=self.smtp_timeout_seconds),
        )

    def opener(self) -> Opener:
        return Opener(seal_keys=self.seal_keys.reveal(), sign_keys=self.sign_keys.reveal())

    def _unsafe(self, server: SmtpServer) -> Iterator[str]:
        """Yield an error for each setting that is unsafe in this mode (SEC-14, SEC-18)."""
        if self.mode != PRODUCTION:
            if not is_loopback(urlsplit(self.public_url).hostname or ""):
                yield "IDENTITY_PUBLIC_URL: must be a loopback address in local mode"
            return
        if urlsplit(self.public_url).scheme != "https":
            yield "IDENTITY_PUBLIC_URL: must be https:// in production"
        if not (self.redis_plain or is_redis_protected(self.redis_url.reveal())):
            yield "REDIS_URL: must be rediss:// with verified certificates in production"
        if server.scheme == "smtp" and not is_loopback(server.host) and not self.smtp_plain:
            yield "MAILER_SMTP_URL: must be encrypted in production: smtp+starttls:// or smtps://"
