"""A wrong or missing setting stops the start with one line that names it (OPS-5, SEC-14)."""

import socket
from pathlib import Path

import identity
import pytest
from port_events.sealing import new_key_sets

from tests.support.harness.installation import refused_start
from tests.support.harness.processes import run_preloaded
from tests.support.harness.settings import SECRET, UNREACHABLE_REDIS, production_settings

pytestmark = pytest.mark.processes

_KEYS = new_key_sets()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return production_settings(tmp_path)


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "missing, web": (
        "web",
        {
            "IDENTITY_DATABASE_URL": "",
            "IDENTITY_SECRET_KEYS": "",
            "MAIL_SEAL_PUBLIC_KEYS": "",
            "MAIL_SIGN_PRIVATE_KEYS": "",
        },
    ),
    "missing, must be chosen in production": ("web", {"IDENTITY_REVIEW": "", "IDENTITY_CONSENT_DIR": ""}),
    "missing, relay": ("relay", {"IDENTITY_DATABASE_URL": "", "REDIS_URL": ""}),
    "missing, migrate": ("migrate", {"IDENTITY_DATABASE_URL": ""}),
    "missing, mailer": (
        "mailer",
        {"IDENTITY_PUBLIC_URL": "", "REDIS_URL": "", "MAILER_SMTP_URL": "", "MAIL_SEAL_PRIVATE_KEYS": ""},
    ),
    "of the wrong form, web": (
        "web",
        {
            "IDENTITY_MODE": "test",
            "IDENTITY_DATABASE_URL": "mysql://localhost/x",
            "IDENTITY_BIND": "8000",
            "IDENTITY_PASSWORD_PROFILE": "none",
            "IDENTITY_CONSENT_DIR": "/nowhere",
            "IDENTITY_TRUSTED_PROXIES": "everybody",
            "IDENTITY_FORWARDING_HEADER": "x-real-ip",
            "IDENTITY_MORE_HOSTS": "https://pass.example.tw/",
            "IDENTITY_SESSION_IDLE": "soon",
            "IDENTITY_HASH_SLOTS": "0",
        },
    ),
    "addresses that lead nowhere or run a script, web": (
        "web",
        {
            "IDENTITY_INFORMATION_URL": "pass.example.tw",
            "IDENTITY_MANUAL_URL": "javascript:alert(1)",
            "IDENTITY_QUESTIONS_URL": "/faq",
            "IDENTITY_PASS_APPLY_URL": "ftp://pass.example.tw/apply",
            "IDENTITY_PASS_QUERY_URL": "https://",
            "IDENTITY_PASS_PRINT_URL": "data:text/html,x",
            "IDENTITY_PRIVACY_URL": "privacy",
            "IDENTITY_ACCESSIBILITY_URL": "/accessibility",
            "IDENTITY_CONTACT_MAILBOX": "port.example.tw",
            "IDENTITY_REVIEW_DAYS": "0",
        },
    ),
    "no port, web": ("web", {"IDENTITY_DATABASE_URL": "postgresql+psycopg://host:notaport/x"}),
    "a path that is a host, web": ("web", {"IDENTITY_DATABASE_URL": "sqlite://identity.db"}),
    "a path that is a host, migrate": ("migrate", {"IDENTITY_DATABASE_URL": "sqlite://identity.db"}),
    "no path, relay": ("relay", {"IDENTITY_DATABASE_URL": "sqlite:///"}),
    "an impossible folder, web": ("web", {"IDENTITY_DATABASE_URL": "sqlite:////dev/null/x/identity.db"}),
    "an impossible folder, migrate": (
        "migrate",
        {"IDENTITY_DATABASE_URL": "sqlite:////dev/null/x/identity.db"},
    ),
    "an address of another setting, web": ("web", {"IDENTITY_BIND": "192.0.2.1:8000"}),
    "deadlines, web": ("web", {"IDENTITY_HEADER_TIMEOUT": "0", "IDENTITY_BODY_TIMEOUT": "1h"}),
    "contradicting values, web": ("web", {"IDENTITY_WEB_THREADS": "4"}),
    "no keys, web": ("web", {"MAIL_SEAL_PUBLIC_KEYS": "{}", "MAIL_SIGN_PRIVATE_KEYS": "{}"}),
    "no keys of OpenID Connect, web": ("web", {"IDENTITY_OIDC_KEYS": ""}),
    "another's keys of OpenID Connect, check": ("check", {"IDENTITY_OIDC_KEYS": _KEYS.sign_private}),
    "lifetimes of tokens, web": ("web", {"IDENTITY_OIDC_ACCESS": "16m", "IDENTITY_OIDC_JWT": "11m"}),
    "another's keys, web": ("web", {"MAIL_SIGN_PRIVATE_KEYS": _KEYS.seal_private}),
    "of the wrong form, relay": (
        "relay",
        {"REDIS_URL": "http://127.0.0.1", "IDENTITY_RELAY_POLL_MS": "never"},
    ),
    "no port, relay": ("relay", {"REDIS_URL": "redis://127.0.0.1:notaport/0"}),
    "no such option, relay": ("relay", {"REDIS_URL": f"{UNREACHABLE_REDIS}?socket_timeout=soon"}),
    "no such option, mailer": ("mailer", {"REDIS_URL": f"{UNREACHABLE_REDIS}?socket_timeout=soon"}),
    "an unknown option, relay": ("relay", {"REDIS_URL": f"{UNREACHABLE_REDIS}?fast=1"}),
    "an unknown option, mailer": ("mailer", {"REDIS_URL": f"{UNREACHABLE_REDIS}?fast=1"}),
    "no keys, mailer": ("mailer", {"MAIL_SEAL_PRIVATE_KEYS": "not a key set"}),
    "unsafe in production, web": (
        "web",
        {
            "IDENTITY_PUBLIC_URL": "http://pass.example.tw",
            "IDENTITY_DATABASE_URL": "postgresql+psycopg://user:secret@db.internal/x?sslmode=require",
            "IDENTITY_SECRET_KEYS": "too-short",
            "IDENTITY_TAX_ID_CHECKSUM": "off",
            "IDENTITY_ARGON2_MEMORY_KIB": "64",
            "IDENTITY_ARGON2_PASSES": "1",
            "IDENTITY_TRUSTED_PROXIES": "0.0.0.0/0",
            "IDENTITY_SESSION_ABSOLUTE": "31d",
            "IDENTITY_LOGIN_FAILURES_PER_ADDRESS": "10001",
            "IDENTITY_REGISTRATIONS_PER_ADDRESS": "10001",
        },
    ),
    "placeholder in production, web": (
        "web",
        {"IDENTITY_SECRET_KEYS": "change-me-change-me-change-me-change-me"},
    ),
    "a key that repeats a word, web": ("web", {"IDENTITY_SECRET_KEYS": "password" * 4}),
    "no public site in production, web": ("web", {"IDENTITY_PUBLIC_URL": ""}),
    "unsafe in production, relay": (
        "relay",
        {
            "IDENTITY_DATABASE_URL": "postgresql+psycopg://user:secret@db.internal/x",
            "REDIS_URL": "redis://redis.internal/0",
            "IDENTITY_AUDIT_KEYS": "0" * 32,
        },
    ),
    "sentinels in plain text in production, mailer": (
        "mailer",
        {"REDIS_URL": "redis+sentinel://127.0.0.1:26379,redis.internal/events/0"},
    ),
    "sentinels without verified certificates in production, mailer": (
        "mailer",
        {"REDIS_URL": "rediss+sentinel://127.0.0.1,redis.internal/events?ssl_cert_reqs=none"},
    ),
    "unsafe in production, migrate": (
        "migrate",
        {"IDENTITY_DATABASE_URL": "postgresql+psycopg://user:secret@/x?host=db.internal:5432"},
    ),
    "unsafe in production, mailer": (
        "mailer",
        {
            "IDENTITY_PUBLIC_URL": "http://127.0.0.1:8000",
            "MAILER_SMTP_URL": "smtp://mail.example.tw",
            "REDIS_URL": "rediss://redis.internal/0?ssl_cert_reqs=none",
        },
    ),
}


PORTS = {
    "web": ["IDENTITY_BIND", "IDENTITY_METRICS_BIND"],
    "relay": ["IDENTITY_RELAY_METRICS_BIND"],
    "mailer": ["MAILER_METRICS_BIND"],
}
OTHERS = {
    "web": ["IDENTITY_CONSENT_DIR", "IDENTITY_DATABASE_URL", "IDENTITY_OIDC_KEYS"],
    "relay": ["IDENTITY_DATABASE_URL"],
    "mailer": [],
}
"""Errors that a process detects only at its start, because each setting is correct by itself."""


@pytest.fixture
def samples() -> str:
    """The folder of the sample consent texts, which production refuses."""
    return str(Path(identity.__file__).parent / "consents")


@pytest.mark.rule("OPS-5", "SEC-14", "SEC-7")
@pytest.mark.parametrize("case", CASES)
def test_a_refused_start_has_one_line_per_wrong_setting(settings: dict[str, str], case: str) -> None:
    part, wrong = CASES[case]

    code, lines = refused_start(part, settings | wrong)

    assert code == 2
    assert sorted(line.partition(":")[0] for line in lines) == sorted(wrong)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("part", PORTS)
def test_a_taken_port_hides_no_other_wrong_setting(settings: dict[str, str], samples: str, part: str) -> None:
    names = ["OTEL_TRACES_EXPORTER", *OTHERS[part], *PORTS[part]]
    wrong = {
        "IDENTITY_DATABASE_URL": "sqlite:////dev/null/x/identity.db",
        "IDENTITY_CONSENT_DIR": samples,
        "OTEL_TRACES_EXPORTER": "zipkin",
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, lines = refused_start(
            part,
            settings
            | {"IDENTITY_AUDIT_KEYS": SECRET[::-1], "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
            | {name: wrong.get(name, address) for name in names},
        )

    assert code == 2
    assert sorted(line.partition(":")[0] for line in lines) == sorted(names)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("part", ["check", "mailer"])
def test_a_public_url_without_a_normal_form_is_refused_by_both_services(
    settings: dict[str, str], part: str
) -> None:
    for url in ("https://pass..example.tw", "https://pass.example.tw/base", "https://straße.example"):
        code, lines = refused_start(part, settings | {"IDENTITY_PUBLIC_URL": url})

        assert (code, [line.partition(":")[0] for line in lines]) == (2, ["IDENTITY_PUBLIC_URL"])


@pytest.mark.rule("OPS-5")
def test_a_secret_is_set_by_variable_or_file_but_not_by_both(
    settings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{settings.pop('IDENTITY_SECRET_KEYS')}\n")
    settings["IDENTITY_SECRET_KEYS_FILE"] = str(file)
    assert run_preloaded("identity", "migrate", environment=settings).returncode == 0

    by_file = run_preloaded("identity", "check", environment=settings)
    both = refused_start("check", {**settings, "IDENTITY_SECRET_KEYS": SECRET})
    nowhere = refused_start("check", {**settings, "IDENTITY_SECRET_KEYS_FILE": "/nowhere"})

    assert (by_file.returncode, by_file.stdout) == (
        0,
        "settings: ok\ndatabase: ok\nmigrations: ok\npasswords: ok\noidc_keys: ok\n",
    )
    assert both == (2, ["IDENTITY_SECRET_KEYS: must not be set together with IDENTITY_SECRET_KEYS_FILE"])
    assert nowhere[0] == 2
    assert nowhere[1][0].startswith("IDENTITY_SECRET_KEYS_FILE: the file cannot be read")
