"""The web server believes nobody and answers for its own hosts alone, in production (SEC-16)."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.support.actors.consents import write_consents
from tests.support.harness.installation import Installation
from tests.support.harness.system import Servers

PUBLIC: Final = "pass.example.tw"
EVIL: Final = "evil.example"
SETTINGS: Final = {
    "IDENTITY_MODE": "production",
    "IDENTITY_PUBLIC_URL": f"https://{PUBLIC}",
    "IDENTITY_MORE_HOSTS": "identity:8000, 港.example.tw",
    "IDENTITY_REVIEW": "none",
    "IDENTITY_ARGON2_MEMORY_KIB": "19456",
    "IDENTITY_ARGON2_PASSES": "2",
    # Gunicorn's own variables
    "FORWARDED_ALLOW_IPS": "*, nonsense",
    "SCRIPT_NAME": f"//{EVIL}",
}


@pytest.fixture(scope="module")
def server(
    servers: Servers, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One web server with the settings of production, for all tests of this file."""
    directory = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, directory / "identity.db")
    with ExitStack() as stack:
        installation = Installation(
            servers.redis,
            servers.smtp,
            f"sqlite:///{directory}/identity.db",
            stack=stack,
            directory=directory,
        )
        installation.start(
            "web", **SETTINGS, IDENTITY_CONSENT_DIR=str(write_consents(directory / "consents"))
        )
        yield installation


def get(server: Installation, path: str, *, host: str = PUBLIC, **headers: str) -> httpx.Response:
    """Send a request for a host."""
    return httpx.get(f"{server.url}{path}", headers={"Host": host, **headers}, trust_env=False)


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    "host", [PUBLIC, PUBLIC.upper(), f"{PUBLIC}:443", "identity:8000", "xn--j6w.example.tw"]
)
def test_the_public_host_and_the_listed_ones_are_answered(server: Installation, host: str) -> None:
    assert get(server, "/api/v1/consents", host=host).status_code == 200


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    "host",
    [EVIL, f"{PUBLIC}:8443", f"{PUBLIC}.{EVIL}", f"{PUBLIC}@{EVIL}", "identity", "127.0.0.1", "", "[", "a/"],
)
def test_a_foreign_host_gets_421_except_for_the_probes(server: Installation, host: str) -> None:
    answers = {
        path: get(server, path, host=host).status_code
        for path in ("/", "/api/v1/session", "/static/portal.css", "/livez", "/readyz")
    }

    assert answers == {
        "/": 421, "/api/v1/session": 421, "/static/portal.css": 421, "/livez": 200, "/readyz": 200,
    }  # fmt: skip
    assert get(server, "/api/v1/session", host=host).json()["code"] == "misdirected_request"


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCRIPT_NAME", f"//{EVIL}"),
        ("SCRIPT_NAME", "/front"),
        ("PATH_INFO", "/api/v1/consents"),
        ("X-Forwarded-Host", EVIL),
        ("X-Forwarded-Prefix", f"//{EVIL}"),
        ("X-Forwarded-Protocol", "ssl"),
        ("X-Forwarded-Ssl", "on"),
    ],
)
def test_a_peer_on_loopback_is_believed_nothing(server: Installation, name: str, value: str) -> None:
    page = get(server, "/", **{name: value})
    past_a_rule = get(server, "/front/api/v1/consents", **{name: value})
    redirect = get(server, "/profile", **{name: value})

    assert (page.status_code, past_a_rule.status_code) == (200, 404)
    assert EVIL not in page.text + redirect.headers.get("Location", "") + redirect.text
