"""The address of the mail server, its login and its time-outs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote, urlsplit

from port_runtime.secret import Secret
from port_runtime.urls import ascii_host

if TYPE_CHECKING:
    from pathlib import Path

Scheme = Literal["smtp", "smtp+starttls", "smtps"]
PORTS: Final[dict[str, int]] = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time-outs in seconds. The defaults but `connect` and `slow` are those of RFC 5321 section 4.5.3.2."""

    connect: float = 20
    greeting: float = 300  # also for EHLO, STARTTLS and the login
    sender: float = 300
    recipient: float = 300
    data: float = 120
    block: float = 180  # to write a block of the message
    final: float = 600  # for the reply to the final dot; with a shorter time-out, mails may be sent twice
    slow: float = 5  # after this wait for a reply, the mail no longer counts towards MAILER_THREADS


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The mail server, from `MAILER_SMTP_URL` and the other `MAILER_SMTP_*` settings."""

    scheme: Scheme
    host: str
    port: int
    user: str
    password: Secret
    ehlo: str | None = None
    ca_file: Path | None = None
    timeouts: Timeouts = field(default=Timeouts())

    @classmethod
    def from_url(cls, url: str, **options: object) -> SmtpServer:
        """Parse `scheme://user:password@host:port` with percent-encoding; raises ValueError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its message may repeat the password
            raise ValueError("must be a URL; special characters of a password are percent-encoded") from None
        is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment
        if parts.scheme not in PORTS or not parts.hostname or not is_bare:
            raise ValueError(
                "must be smtp://, smtp+starttls:// or smtps:// with a host and nothing after it; "
                "special characters of a password are percent-encoded"
            )
        return cls(
            scheme=parts.scheme,  # type: ignore[arg-type]  # a key of PORTS, as checked above
            host=parts.hostname if ":" in parts.hostname else ascii_host(parts.hostname),
            port=port or PORTS[parts.scheme],
            user=_decoded(parts.username),
            password=Secret(_decoded(parts.password)),
            **options,  # type: ignore[arg-type]  # one dict of several types
        )

    def context(self) -> ssl.SSLContext:
        """Return a context that verifies the server's certificate."""
        return ssl.create_default_context(cafile=self.ca_file)


def _decoded(text: str | None) -> str:
    """Return a percent-decoded user or password. The message of a ValueError never contains the value."""
    try:
        decoded = unquote(text or "", errors="strict")
        decoded.encode()
    except UnicodeError:
        raise ValueError("must have a user and password in UTF-8, percent-encoded") from None
    if "\0" in decoded:
        raise ValueError("must have a user and password without the character NUL")
    return decoded
