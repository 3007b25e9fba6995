"""A wrong setting is reported in one line that names it, and production refuses unsafe settings."""

import pytest
from port_events.sealing import new_key_sets
from port_runtime.settings import SettingsError, describe, load

from mailer.settings import Settings

KEYS = new_key_sets()


def environ(**over: str | None) -> dict[str, str]:
    values = {
        "IDENTITY_PUBLIC_URL": "https://pass.example.tw",
        "REDIS_URL": "rediss://mailer:secret@redis:6379/0",
        "MAILER_SMTP_URL": "smtp+starttls://u:secret@mail.example.tw",
        "MAIL_SEAL_PRIVATE_KEYS": KEYS.seal_private,
        "MAIL_SIGN_PUBLIC_KEYS": KEYS.sign_public,
        **over,
    }
    return {name: value for name, value in values.items() if value is not None}


def errors_of(**over: str | None) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load(Settings, environ(**over))
    return error.value.errors


@pytest.mark.rule("SEC-14")
def test_the_mode_is_production_by_default() -> None:
    assert load(Settings, environ()).mode == "production"


@pytest.mark.rule("OPS-5")
def test_all_missing_settings_are_named_together() -> None:
    names = [
        "IDENTITY_PUBLIC_URL",
        "REDIS_URL",
        "MAILER_SMTP_URL",
        "MAIL_SEAL_PRIVATE_KEYS",
        "MAIL_SIGN_PUBLIC_KEYS",
    ]

    errors = errors_of(**dict.fromkeys(names))

    assert sorted(error.partition(":")[0] for error in errors) == sorted(names)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_MODE", "test"),
        ("IDENTITY_PUBLIC_URL", "ftp://x"),
        ("IDENTITY_PUBLIC_URL", "https://pass.example.tw/base"),
        ("IDENTITY_PUBLIC_URL", "https://pass..example.tw"),
        ("REDIS_URL", "http://x"),
        ("MAILER_SMTP_URL", "mail.example.tw:25"),
        ("MAILER_SMTP_URL", "smtps://mail.example.tw/inbox"),
        ("MAILER_FROM", "nobody"),
        ("MAILER_FROM", "a@b, c@d"),
        ("MAILER_REPLY_TO", "x\nBcc: y@example.com"),
        ("MAILER_TEMPLATE_DIR", "/nowhere/at/all"),
        ("MAILER_SMTP_CA_FILE", "/nowhere.pem"),
        ("MAILER_SMTP_CA_FILE", __file__),
        ("MAILER_SMTP_EHLO", "mail relay"),
        ("MAILER_SMTP_EHLO", "[mail"),
        ("MAILER_SMTP_URL", "smtp://u:p%E9@mail.example.tw"),
        ("MAILER_SMTP_URL", "smtp://u:p\udce9@mail.example.tw"),
        ("MAILER_FROM", "hep@exa..mple.tw"),
        ("MAILER_THREADS", "0"),
        ("MAILER_LEASE", "0"),
        ("MAILER_LEASE", "1h"),
        ("MAILER_SMTP_TIMEOUT", "soon"),
        ("MAILER_LOG_LEVEL", "loud"),
        ("MAIL_SEAL_PRIVATE_KEYS", "{}"),
        ("MAIL_SEAL_PRIVATE_KEYS", KEYS.seal_public),
        ("MAIL_SIGN_PUBLIC_KEYS", KEYS.sign_private),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str) -> None:
    (error,) = errors_of(**{name: value})

    assert error.startswith(f"{name}: ")
    assert "\n" not in error


@pytest.mark.rule("SEC-9")
def test_no_error_shows_a_secret() -> None:
    errors = errors_of(MAILER_SMTP_URL="smtp://u:hush@mail.example.tw/x", MAIL_SEAL_PRIVATE_KEYS="hush")

    assert "hush" not in " ".join(errors)


@pytest.mark.rule("SEC-14")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_PUBLIC_URL", "http://pass.example.tw"),
        ("MAILER_SMTP_URL", "smtp://mail.example.tw"),
        (
            "MAILER_SMTP_URL",
            "smtp://127.mail.example.tw",
        ),  # a host name, which may resolve to another machine
    ],
)
def test_production_refuses_unencrypted_connections(name: str, value: str) -> None:
    (error,) = errors_of(**{name: value})

    assert error.startswith(name)


@pytest.mark.rule("SEC-14")
def test_local_mode_allows_unencrypted_connections_and_only_a_local_site() -> None:
    local = {"IDENTITY_MODE": "local", "MAILER_SMTP_URL": "smtp://mail.example.tw"}

    (error,) = errors_of(**local)

    assert error == "IDENTITY_PUBLIC_URL: must be a loopback address in local mode"
    assert load(Settings, environ(**local, IDENTITY_PUBLIC_URL="http://127.0.0.1:8000")).mode == "local"


@pytest.mark.rule("SEC-14")
def test_plain_smtp_is_allowed_on_loopback_or_by_setting() -> None:
    near = load(Settings, environ(MAILER_SMTP_URL="smtp://127.0.0.1:1025"))
    allowed = load(Settings, environ(MAILER_SMTP_URL="smtp://relay.internal", MAILER_SMTP_PLAIN="on"))

    assert [each.smtp_server().scheme for each in (near, allowed)] == ["smtp", "smtp"]


def test_the_default_sender_follows_the_manual() -> None:
    sender = load(Settings, environ()).sender

    assert (sender.name, sender.address) == ("港區通行證應用管理系統工作小組", "hep@example.tw")


@pytest.mark.rule("OPS-5")
def test_every_setting_is_described() -> None:
    assert all(each.doc for each in describe(Settings))
