"""Listening sockets accept IPv4 on the IPv6 wildcard, and report an address in use."""

import socket

import pytest
from port_runtime.metrics_health_server import open_listener
from port_runtime.setting_parsers import HostPort
from port_runtime.settings import SettingsError

ANY_PORT = 0


@pytest.mark.skipif(
    not socket.has_dualstack_ipv6(), reason="this system has no IPv6 socket that accepts IPv4 too"
)
def test_the_ipv6_wildcard_accepts_ipv4() -> None:
    with open_listener(HostPort("::", ANY_PORT), "IDENTITY_BIND") as listener:
        port = listener.getsockname()[1]

        socket.create_connection(("127.0.0.1", port)).close()  # a refused connection raises


@pytest.mark.rule("OPS-5")
def test_an_address_in_use_is_reported_with_the_name_of_its_setting() -> None:
    with (
        open_listener(HostPort("127.0.0.1", ANY_PORT), "IDENTITY_BIND") as listener,
        pytest.raises(SettingsError) as refused,
    ):
        open_listener(HostPort(*listener.getsockname()), "IDENTITY_METRICS_BIND")

    assert refused.value.errors == [
        "IDENTITY_METRICS_BIND: cannot listen on this address (Address already in use)"
    ]
