"""A wrong setting is told in one line that names it, and production refuses what is unsafe."""

import pytest
from port_events.sealing import new_key_sets
from port_runtime.settings import SettingsError, describe, load

from mailer.settings import Settings

KEYS = new_key_sets()


def environ(**over: str | None) -> dict[str, str]:
    values = {
        "IDENTITY_PUBLIC_URL": "https://pass.example.tw",
        "REDIS_URL": "redis://mailer:secret@redis:6379/0",
        "MAILER_SMTP_URL": "smtp+starttls://u:secret@mail.example.tw",
        "MAIL_SEAL_PRIVATE_KEYS": KEYS.seal_private,
        "MAIL_SIGN_PUBLIC_KEYS": KEYS.sign_public,
        **over,
    }
    return {name: value for name, value in values.items() if value is not None}


def faults(**over: str | None) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load(Settings, environ(**over))
    return error.value.errors


@pytest.mark.rule("SEC-14")
def test_production_is_the_mode_unless_another_is_said() -> None:
    assert load(Settings, environ()).mode == "production"


@pytest.mark.rule("OPS-5")
def test_every_missing_setting_is_named_at_once() -> None:
    names = [
        "IDENTITY_PUBLIC_URL",
        "REDIS_URL",
        "MAILER_SMTP_URL",
        "MAIL_SEAL_PRIVATE_KEYS",
        "MAIL_SIGN_PUBLIC_KEYS",
    ]

    told = faults(**dict.fromkeys(names))

    assert sorted(fault.partition(":")[0] for fault in told) == sorted(names)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_MODE", "test"),
        ("IDENTITY_PUBLIC_URL", "ftp://x"),
        ("REDIS_URL", "http://x"),
        ("MAILER_SMTP_URL", "mail.example.tw:25"),
        ("MAILER_SMTP_URL", "smtps://mail.example.tw/inbox"),
        ("MAILER_FROM", "nobody"),
        ("MAILER_FROM", "a@b, c@d"),
        ("MAILER_REPLY_TO", "x\nBcc: y@example.com"),
        ("MAILER_TEMPLATE_DIR", "/nowhere/at/all"),
        ("MAILER_SMTP_CA_FILE", "/nowhere.pem"),
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
    (fault,) = faults(**{name: value})

    assert fault.startswith(f"{name}: ")
    assert "\n" not in fault


@pytest.mark.rule("SEC-9")
def test_no_fault_shows_a_secret() -> None:
    told = faults(MAILER_SMTP_URL="smtp://u:hush@mail.example.tw/x", MAIL_SEAL_PRIVATE_KEYS="hush")

    assert "hush" not in " ".join(told)


@pytest.mark.rule("SEC-14")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_PUBLIC_URL", "http://pass.example.tw"),
        ("MAILER_SMTP_URL", "smtp://mail.example.tw"),
        ("MAILER_SMTP_URL", "smtp://127.mail.example.tw"),  # a name, not an address of this machine
    ],
)
def test_production_refuses_what_travels_in_plain(name: str, value: str) -> None:
    (fault,) = faults(**{name: value})

    assert fault.startswith(name)
    assert load(Settings, environ(IDENTITY_MODE="local", **{name: value})).mode == "local"


@pytest.mark.rule("SEC-14")
def test_plain_smtp_is_for_loopback_or_for_those_who_say_so() -> None:
    near = load(Settings, environ(MAILER_SMTP_URL="smtp://127.0.0.1:1025"))
    allowed = load(Settings, environ(MAILER_SMTP_URL="smtp://relay.internal", MAILER_SMTP_PLAIN="on"))

    assert [each.smtp_server().scheme for each in (near, allowed)] == ["smtp", "smtp"]


def test_the_sender_is_the_manuals_unless_another_is_set() -> None:
    sender = load(Settings, environ()).sender

    assert (sender.name, sender.address) == ("港區通行證應用管理系統工作小組", "hep@example.tw")


@pytest.mark.rule("OPS-5")
def test_every_setting_has_its_words() -> None:
    assert all(each.doc for each in describe(Settings))
