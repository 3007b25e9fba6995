"""The name of a mailer is also a valid queue name."""

import socket

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from mailer.bootstrap import process_name


@pytest.mark.parametrize("host", ["4f9d1c0b7a2e", "mail1.port.example.tw", "mailer-0"])
def test_any_host_name_gives_a_valid_queue_name(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    broker: dramatiq.Broker = StubBroker()

    actor = dramatiq.actor(actor_name="deliver", broker=broker, queue_name=process_name())(lambda: None)

    assert host.split(".", maxsplit=1)[0] in actor.queue_name
