"""With secrets, the environment file of each process has every setting that production mode needs."""

import re
from pathlib import Path

import pytest
from identity.settings.database import DatabaseSettings
from identity.settings.notify import NotifySettings
from identity.settings.relay import ChainSettings, RelaySettings
from identity.settings.tidy import TidySettings
from identity.settings.web import WebSettings
from mailer.settings import Settings as MailerSettings
from port_runtime.settings import SettingsError, describe, load

from deploy.containers.secret_files import main as make_secret_files
from tests.support import ROOT

FOLDER = ROOT / "deploy/settings"
READ_BY: dict[str, tuple[type, ...]] = {
    "web": (WebSettings,),
    "relay": (RelaySettings, ChainSettings),
    "notify": (NotifySettings,),
    "tidy": (TidySettings,),
    "migrate": (DatabaseSettings,),
    "mailer": (MailerSettings,),
}
KEYS = {
    "IDENTITY_SECRET_KEYS": "secret_keys",
    "IDENTITY_AUDIT_KEYS": "audit_keys",
    "IDENTITY_OIDC_KEYS": "oidc_keys.json",
    "MAIL_SEAL_PUBLIC_KEYS": "mail_seal_public.json",
    "MAIL_SEAL_PRIVATE_KEYS": "mail_seal_private.json",
    "MAIL_SIGN_PUBLIC_KEYS": "mail_sign_public.json",
    "MAIL_SIGN_PRIVATE_KEYS": "mail_sign_private.json",
}
"""The key files of an installation in containers."""

pytestmark = pytest.mark.rule("OPS-5")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    make_secret_files(folder, give=False)
    return folder / "kept/keys"


def lines(process: str) -> dict[str, str]:
    text = (FOLDER / f"{process}.env.example").read_text()
    return dict(re.findall(r"^([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def example_url(process: str, name: str) -> str:
    """Return the example URL from the comment above a setting's line."""
    text = (FOLDER / f"{process}.env.example").read_text()
    found = re.search(rf"^#   (\S+://\S+)\n{name}_FILE=", text, re.MULTILINE)
    assert found, f"{process} shows no example of {name}"
    return found[1]


def environment(process: str, keys: Path, folder: Path) -> dict[str, str]:
    """Return the variables of the file, with a value for each secret and a folder for consent texts."""
    found = {}
    for name, value in lines(process).items():
        plain = name.removesuffix("_FILE")
        if name == plain:
            found[name] = str(folder) if name == "IDENTITY_CONSENT_DIR" else value
        elif plain in KEYS:
            found[name] = str(keys / KEYS[plain])
        else:
            found[plain] = example_url(process, plain)
    return found


@pytest.mark.parametrize("process", READ_BY)
def test_each_process_accepts_its_file_in_production(process: str, keys: Path, tmp_path: Path) -> None:
    set_by_file = environment(process, keys, tmp_path)

    for kind in READ_BY[process]:
        assert load(kind, set_by_file).mode == "production"


@pytest.mark.parametrize("process", READ_BY)
def test_each_line_is_needed(process: str, keys: Path, tmp_path: Path) -> None:
    set_by_file = environment(process, keys, tmp_path)
    checked_later = {"IDENTITY_OIDC_KEYS_FILE"}  # the process parses these keys after its settings

    for name in set_by_file.keys() - checked_later:
        less = {other: value for other, value in set_by_file.items() if other != name}
        with pytest.raises(SettingsError, match=name.removesuffix("_FILE")):
            load_all(process, less)


def load_all(process: str, environ: dict[str, str]) -> None:
    for kind in READ_BY[process]:
        load(kind, environ)


@pytest.mark.parametrize("process", READ_BY)
def test_each_file_names_settings_of_its_process_once(process: str) -> None:
    known = {doc.name for kind in READ_BY[process] for doc in describe(kind)}
    text = (FOLDER / f"{process}.env.example").read_text()
    named = [
        name if name in known else name.removesuffix("_FILE")
        for name in re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    ]

    assert len(named) == len(set(named))
    assert set(named) <= known
    assert set(named) == known


def test_only_relay_and_mailer_connect_to_redis_each_as_its_own_user() -> None:
    users = {
        process: re.search(r"//(\w+):", example_url(process, "REDIS_URL")) for process in ("relay", "mailer")
    }

    assert {process: found and found[1] for process, found in users.items()} == {
        "relay": "relay",
        "mailer": "mailer",
    }
    assert not [process for process in READ_BY if process not in users and "REDIS_URL_FILE" in lines(process)]


def test_only_processes_that_sign_tokens_get_the_signing_keys() -> None:
    with_keys = {
        process
        for process in READ_BY
        if "IDENTITY_OIDC_KEYS" in (FOLDER / f"{process}.env.example").read_text()
    }

    assert with_keys == {"web", "notify"}
