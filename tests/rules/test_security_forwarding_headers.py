"""The configured forwarding header of trusted proxies, and addresses in it that cannot be read (SEC-3)."""

from typing import Final

import pytest
from structlog.testing import capture_logs

from tests.support.actors.failed_logins import WRONG
from tests.support.actors.people import unique
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

BEHIND_PROXY: Final = {"IDENTITY_TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8"}
PEER: Final = "127.0.0.1"
LONG: Final = "x" * 2000
READABLE: Final = {
    "203.0.113.9:4000": "203.0.113.9",
    "198.51.100.1 ,\t203.0.113.9": "203.0.113.9",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:4000": "2001:db8::7",
    "2001:db8::7": "2001:db8::7",
    "fe80::7%eth0": "fe80::7",
    "[::ffff:203.0.113.9]:4000": "203.0.113.9",
    '"203.0.113.9:4000"': "203.0.113.9",
    "198.51.100.1:1, 203.0.113.9:4000, 10.1.2.3:80": "203.0.113.9",
    "198.51.100.1, unknown, 203.0.113.9": "203.0.113.9",
}
FORWARDED: Final = {
    "for=203.0.113.9": "203.0.113.9",
    "For=203.0.113.9;proto=https;by=10.0.0.1": "203.0.113.9",
    'proto=https; for="203.0.113.9:4000"': "203.0.113.9",
    'for="[2001:db8::7]:4000"': "2001:db8::7",
    'for="[2001:db8::7]:_port"': "2001:db8::7",
    "for=[2001:db8::7]:4000": "2001:db8::7",
    r'for="203.0.113\.9"': "203.0.113.9",
    'for=203.0.113.9;host="a, for=198.51.100.1"': "203.0.113.9",
    "for=198.51.100.1, for=203.0.113.9;proto=http, for=10.0.0.1": "203.0.113.9",
    'for="198.51.100.1, for=203.0.113.9': "203.0.113.9",  # the client's part has an unclosed quotation mark
    'for=198.51.100.1;x=", for="[2001:db8::7]"': "2001:db8::7",
}
UNREADABLE: Final = {
    "x-forwarded-for": ("unknown", "203.0.113.9:port", "[2001:db8::7", "203.0.113.999", LONG, "203.0.113.9,"),
    "forwarded": (
        "for=unknown",
        "for=_hidden",
        "proto=https",
        "for=203.0.113.9;for=203.0.113.8",
        LONG,
        "a,b",
    ),
}


def addresses(system: System, *requests: dict[str, str]) -> list[str]:
    """Fail a login with each of these headers; return the client addresses of all refused logins in the audit log."""
    for headers in requests:
        body = {"username": f"nobody{unique()}", "password": WRONG}
        assert system.visitor().request("POST", "/sessions", body, **headers).status_code == 401
    return [row.address for row in system.audit("session.refused")]


def unreadable(system: System) -> dict[str, float]:
    counter = system.app.extensions["identity"].proxies.unreadable
    return {name: counter.labels(name)._value.get() for name in UNREADABLE}  # noqa: SLF001 - counters have no getter


@pytest.mark.rule("SEC-3")
def test_an_address_with_port_brackets_and_quotes_is_parsed(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)

    found = addresses(
        system,
        *({"X-Forwarded-For": value} for value in READABLE),
        *({"Forwarded": value} for value in FORWARDED),
    )

    assert found == [*READABLE.values(), *FORWARDED.values()]


@pytest.mark.rule("SEC-3")
@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_address_is_counted_and_warned_about_once_a_minute(
    start_system: StartSystem, name: str
) -> None:
    system = start_system(**BEHIND_PROXY, own_app=True)

    with capture_logs() as lines:
        found = addresses(system, *({name: value} for value in UNREADABLE[name]))

    warnings = [line for line in lines if line["event"] == "unreadable forwarding header"]
    assert found == [PEER] * len(UNREADABLE[name])
    assert unreadable(system)[name] == len(UNREADABLE[name])
    assert [(line["header"], line["peer"]) for line in warnings] == [(name, PEER)]


@pytest.mark.rule("SEC-3")
def test_only_the_configured_header_of_the_proxy_is_read(start_system: StartSystem) -> None:
    both = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.2"}
    only_other = {"X-Forwarded-For": "203.0.113.1"}
    by_setting = {
        name: start_system(**BEHIND_PROXY, IDENTITY_FORWARDING_HEADER=name) for name in ("", "forwarded")
    }

    found = {name: addresses(system, both, only_other)[-2:] for name, system in by_setting.items()}

    assert found == {"": ["203.0.113.1", "203.0.113.1"], "forwarded": ["203.0.113.2", PEER]}
