"""The signing keys of tokens: unusable sets prevent a start, and `identity check` warns about old keys (OIDC-26)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from identity.adapters.jose.signing_keys import new_signing_keys
from identity.bootstrap.token_signer import MAX_KEY_AGE
from identity.cli import main
from identity.processes.web_server.flask_app import create_app
from identity.settings.web import WebSettings
from port_events.keys import new_key_sets
from port_runtime.settings import SettingsError, load

from tests.support.harness.clock import FakeClock
from tests.support.harness.settings import identity_settings, oidc_keys

pytestmark = pytest.mark.rule("OIDC-26")

PRIVATE = ("d", "p", "q", "dp", "dq", "qi")
REDIS = "redis://127.0.0.1:1/0"


def _environment(database_url: str, **settings: str) -> dict[str, str]:
    return identity_settings(new_key_sets(), database_url=database_url, redis_url=REDIS, **settings)


def _changed(change: Callable[[list[dict[str, Any]]], object]) -> str:
    keys = json.loads(oidc_keys())["keys"]
    change(keys)
    return json.dumps({"keys": keys})


def test_the_web_processes_do_not_start_with_an_unusable_set(sqlite_url: str) -> None:
    tomorrow = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    cases = {
        "must be set": "",
        "must be a JWK set": "not a set",
        "must be a JWK set with at least one key": '{"keys":[]}',
        "must have an RSA key": _changed(lambda keys: keys.pop(0)),
        "must have a P-256 key": _changed(lambda keys: keys.pop(1)),
        "must have an RSA key whose nbf has passed": _changed(lambda keys: keys[0].update(nbf=tomorrow)),
        "must have a P-256 key whose nbf has passed": _changed(lambda keys: keys[1].update(nbf=tomorrow)),
        "key 1 must be private": _changed(lambda keys: [keys[0].pop(name) for name in PRIVATE]),
        "key 2 must be private": _changed(lambda keys: keys[1].pop("d")),
        "key 3 must not have the kid of another key": _changed(lambda keys: keys.append(keys[0])),
        "key 2 must be of type RSA, or of type EC with curve P-256": _changed(lambda keys: keys[1].update(crv="P-384")),
    }  # fmt: skip

    refused = {}
    for expected, keys in cases.items():
        with pytest.raises(SettingsError) as error:
            create_app(load(WebSettings, _environment(sqlite_url, IDENTITY_OIDC_KEYS=keys)))
        refused[expected] = error.value.errors

    assert refused == {expected: [f"IDENTITY_OIDC_KEYS: {expected}"] for expected in cases}


def test_a_set_with_a_future_nbf_is_refused_by_the_clock_of_the_process(sqlite_url: str) -> None:
    clock = FakeClock()
    keys = new_signing_keys(clock.now(), starts_in=timedelta(hours=1))
    settings = load(WebSettings, _environment(sqlite_url, IDENTITY_OIDC_KEYS=keys))
    with pytest.raises(SettingsError):
        create_app(settings, clock=clock)

    clock.advance(hours=1)

    assert create_app(settings, clock=clock).name == "identity"


def test_check_warns_about_missing_and_old_keys_and_succeeds(sqlite_url: str) -> None:
    old = new_signing_keys(datetime.now(UTC) - MAX_KEY_AGE - timedelta(minutes=1))
    young = new_signing_keys(datetime.now(UTC) - MAX_KEY_AGE + timedelta(minutes=1))
    cases = {"": "is not set", old: "RS256 key is older than 365 days", young: "ok"}

    for keys, expected in cases.items():
        environment = _environment(sqlite_url, IDENTITY_OIDC_KEYS=keys)
        ended = CliRunner().invoke(main, ["check", "--json"], env=environment)

        report = json.loads(ended.stdout)
        assert (ended.exit_code, report["settings"]) == (0, "ok")
        assert expected in report["oidc_keys"]


def test_check_fails_on_an_unusable_set_and_does_not_show_it(sqlite_url: str) -> None:
    keys = _changed(lambda keys: keys.pop(0))

    ended = CliRunner().invoke(main, ["check"], env=_environment(sqlite_url, IDENTITY_OIDC_KEYS=keys))

    assert (ended.exit_code, ended.stderr) == (2, "IDENTITY_OIDC_KEYS: must have an RSA key\n")
