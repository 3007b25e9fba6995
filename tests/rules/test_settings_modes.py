"""Local mode and production: what each refuses and what each allows (SEC-7, SEC-14, SEC-18)."""

from pathlib import Path

import identity
import pytest
from identity.settings.relay import RelaySettings
from identity.settings.web import WebSettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingsError, load

from tests.support.harness.installation import Installation, refused_start
from tests.support.harness.processes import run_preloaded
from tests.support.harness.settings import SECRET, production_settings

pytestmark = pytest.mark.processes

_LOCAL = {"IDENTITY_MODE": "local", "IDENTITY_PUBLIC_URL": "http://127.0.0.1:8000"}
_MODES: dict[str, dict[str, str]] = {"local": _LOCAL, "production": {}}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return production_settings(tmp_path)


@pytest.fixture
def samples() -> str:
    """The folder of the sample consent texts, which production refuses."""
    return str(Path(identity.__file__).parent / "consents")


@pytest.mark.rule("SEC-7")
@pytest.mark.parametrize("url", ["http://pass.example.tw", "https://pass.example.tw"])
@pytest.mark.parametrize("part", ["web", "check", "mailer"])
def test_a_public_site_is_refused_in_local_mode(settings: dict[str, str], part: str, url: str) -> None:
    code, lines = refused_start(part, settings | _LOCAL | {"IDENTITY_PUBLIC_URL": url})

    assert (code, lines) == (2, ["IDENTITY_PUBLIC_URL: must be a loopback address in local mode"])


@pytest.mark.rule("SEC-14")
def test_local_mode_listens_beyond_loopback_only_with_a_setting(settings: dict[str, str]) -> None:
    local = (
        settings | _LOCAL | {"IDENTITY_PUBLIC_URL": "http://127.0.0.1:8000", "IDENTITY_BIND": "0.0.0.0:8000"}
    )

    code, lines = refused_start("web", local)

    assert (code, [line.partition(":")[0] for line in lines]) == (2, ["IDENTITY_BIND"])
    assert load(WebSettings, local | {"IDENTITY_LOCAL_BIND_ANY": "on"}).local_bind_any


@pytest.mark.rule("SEC-18")
def test_a_separate_setting_allows_plain_connections_on_a_private_network(
    settings: dict[str, str],
) -> None:
    plain = settings | {
        "IDENTITY_DATABASE_URL": "postgresql+psycopg://user:secret@db.internal/x",
        "REDIS_URL": "redis://redis.internal/0",
        "IDENTITY_AUDIT_KEYS": SECRET[::-1],
    }
    with pytest.raises(SettingsError, match="IDENTITY_DATABASE_URL"):
        load(RelaySettings, plain | {"REDIS_PLAIN": "on"})

    for kind in (RelaySettings, MailerSettings):
        assert load(kind, plain | {"REDIS_PLAIN": "on", "IDENTITY_DATABASE_PLAIN": "on"})


@pytest.mark.rule("SEC-7", "OPS-5")
@pytest.mark.parametrize(
    ("mode", "idle", "absolute", "refusal"),
    [
        ("production", "13h", "20h", "IDENTITY_SESSION_IDLE: must be 12 hours or less in production"),
        ("local", "13h", "12h", "IDENTITY_SESSION_IDLE: must not be longer than IDENTITY_SESSION_ABSOLUTE"),
        ("local", "119s", "12h", "IDENTITY_SESSION_IDLE: must be two minutes or more"),
        ("local", "1h", "3661d", "IDENTITY_SESSION_ABSOLUTE: must be ten years or less"),
    ],
)
def test_session_limits_are_bounded(
    settings: dict[str, str], mode: str, idle: str, absolute: str, refusal: str
) -> None:
    times = {"IDENTITY_SESSION_IDLE": idle, "IDENTITY_SESSION_ABSOLUTE": absolute}

    assert refused_start("web", settings | times | _MODES[mode]) == (2, [refusal])


@pytest.mark.rule("EVT-6", "OPS-5", "SEC-14")
@pytest.mark.parametrize("part", ["web", "relay", "tidy"])
@pytest.mark.parametrize(
    ("mode", "retentions", "refusal"),
    [
        ("local", ("6d", ""), "must not be shorter than IDENTITY_STREAM_KEPT"),
        ("production", ("30d", "31d"), "must not be shorter than IDENTITY_STREAM_KEPT"),
        ("production", ("6d", "1d"), "must be 7 days or more in production"),
    ],
)
def test_the_feed_retention_must_exceed_the_stream_retention(
    settings: dict[str, str], part: str, mode: str, retentions: tuple[str, str], refusal: str
) -> None:
    times = dict(zip(("IDENTITY_FEED_KEPT", "IDENTITY_STREAM_KEPT"), retentions, strict=True))

    result = refused_start(part, {**settings, "IDENTITY_AUDIT_KEYS": SECRET[::-1], **_MODES[mode], **times})

    assert result == (2, [f"IDENTITY_FEED_KEPT: {refusal}"])


@pytest.mark.rule("EVT-6", "OPS-5")
def test_both_retentions_may_be_short_in_local_mode(settings: dict[str, str]) -> None:
    retentions = {"IDENTITY_FEED_KEPT": "2h", "IDENTITY_STREAM_KEPT": "2h"}

    checked = run_preloaded("identity", "check", environment=settings | _LOCAL | retentions)

    assert checked.stdout.startswith("settings: ok\n")


@pytest.mark.rule("SEC-14", "LOGIN-3")
def test_production_refuses_the_sample_consent_texts(settings: dict[str, str], samples: str) -> None:
    code, lines = refused_start("web", {**settings, "IDENTITY_CONSENT_DIR": samples})

    assert (code, lines) == (2, ["IDENTITY_CONSENT_DIR: sample texts are refused in production"])


@pytest.mark.rule("SEC-14", "OPS-5")
def test_production_starts_and_answers_with_correct_settings(
    settings: dict[str, str], installation_on_sqlite: Installation
) -> None:
    installation = installation_on_sqlite
    production = {**settings, "IDENTITY_MODE": "production", "IDENTITY_ARGON2_MEMORY_KIB": "19456"}
    production |= {"IDENTITY_ARGON2_PASSES": "2", "IDENTITY_DATABASE_URL": installation.database_url}
    production |= {"IDENTITY_BIND": installation.environment["IDENTITY_BIND"]}

    installation.start("web", **production)

    assert installation.status_of("/readyz") == 200
