"""Mailed events are also published, with their sealed part, on a separate stream (EVT-7)."""

import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import redis
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from mailer.process import MailerProcess
from mailer.settings import Settings as MailerSettings
from port_events.envelope import MAIL_STREAM, STREAM
from port_runtime.settings import load

from deploy.redis.acl import roles
from tests.support.harness.installation import Installation
from tests.support.harness.metrics_health_ports import MetricsHealthPorts
from tests.support.harness.settings import mailer_settings
from tests.support.harness.system import Servers, System
from tests.support.servers.redis import RedisServer

Client = Any  # redis-py's types combine sync and async answers


@pytest.mark.rule("EVT-7", "EVT-4")
def test_only_the_stream_of_mails_has_the_sealed_part_of_mailed_events(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding_id = system.bind_and_verify(link, general)
    link.delete(f"/bindings/{binding_id}")

    events, mails = system.entries(), system.entries(MAIL_STREAM)

    assert [entry.sealed for entry in events] == [None] * len(events)
    assert len({entry.sealed for entry in mails} - {None}) == len(mails)
    mailed = {row[0] for row in system.rows("SELECT event_id FROM outbox WHERE mail_state IS NOT NULL")}
    assert [(entry.position, entry.event) for entry in mails] == [
        (entry.position, entry.event) for entry in events if entry.event.id in mailed
    ]


@pytest.mark.rule("EVT-7", "EVT-2")
@pytest.mark.parametrize(
    ("fault", "repair"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        (
            f"ACL SETUSER default resetkeys ~{STREAM}*",
            "ACL SETUSER default ~*",
        ),  # the permissions of an ACL file of the previous release
    ],
)
def test_while_redis_refuses_mails_the_relay_publishes_no_events_either(
    system: System, start_redis: Callable[[], RedisServer], fault: str, repair: str
) -> None:
    server = start_redis()
    settings = load(RelaySettings, {**system.environment, "REDIS_URL": server.url})
    with contextlib.closing(Relay(settings, clock=system.clock)) as relay, server.client() as client:
        relay.step()
        system.register()
        client.execute_command(*fault.split())
        with pytest.raises(redis.RedisError):
            relay.step()
        client.execute_command(*repair.split())
        without = (client.xlen(STREAM), client.xlen(MAIL_STREAM))

        relay.step()

        assert (without, client.xlen(STREAM), client.xlen(MAIL_STREAM)) == ((0, 0), 2, 1)


@pytest.mark.rule("EVT-7", "OPS-4", "OPS-7")
def test_relay_and_mailer_are_not_ready_without_access_to_the_mails(
    installation_on_sqlite: Installation,
) -> None:
    installation, ports = installation_on_sqlite, MetricsHealthPorts()
    with installation.redis.client() as client:
        client.execute_command("ACL", "SETUSER", "both", "on", ">word", "~*", "+@all")
        url = installation.redis.url_for("both", "word")
        installation.start("relay", "mailer", REDIS_URL=url, **ports.settings)

        ready = [ports.get(part, "/readyz").status_code for part in ("relay", "mailer")]
        # As with an ACL file of the previous release:
        client.execute_command("ACL", "SETUSER", "both", "resetkeys", f"~{STREAM}*", "~mailer*")
        without = [ports.get(part, "/readyz") for part in ("relay", "mailer")]

    assert ready == [200, 200]
    assert [each.json()["checks"]["redis"] for each in without] == ["NoPermissionError"] * 2
    assert [each.status_code for each in without] == [503, 503]


@pytest.mark.rule("EVT-7", "MAIL-7")
def test_a_consumer_that_misuses_its_permissions_harms_no_mail(
    servers: Servers, database_url: str, start_redis: Callable[..., RedisServer]
) -> None:
    server = start_redis()
    with server.client() as administrator:
        administrator.xgroup_create(MAIL_STREAM, "mailer", "0", mkstream=True)
        for name, rules in roles().items():
            administrator.execute_command("ACL", "SETUSER", name, "on", ">word", "-@all", *rules.split())
    with ExitStack() as stack:
        system = System(
            replace(servers, redis=server), database_url, stack, REDIS_URL=server.url_for("relay", "word")
        )
        client: Client = stack.enter_context(redis.Redis.from_url(server.url_for("consumer", "word")))
        people = [system.register() for _ in range(2)]
        system.publish()
        for stream in (STREAM, MAIL_STREAM):
            _harm(client, stream)

        settings = mailer_settings(
            servers.keys, redis_url=server.url_for("mailer", "word"), smtp_url=servers.smtp.url
        )
        mailer = MailerProcess.build(load(MailerSettings, settings), clock=system.clock)
        mailer.start()
        stack.callback(mailer.stop)
        people.append(system.register())
        for person in people:
            system.mail(person.email)
            _harm(client, STREAM)
        system.wait_for_mails()

        assert [system.mailbox.count(person.email) for person in people] == [1, 1, 1]


def _harm(client: Client, stream: str) -> None:
    """Try each command that could harm the mailer's group or entries, whether it is permitted or not."""
    acts: tuple[Callable[[], object], ...] = (
        lambda: client.xgroup_destroy(stream, "mailer"),
        lambda: client.xgroup_create(stream, "mailer", "$"),
        lambda: client.xreadgroup("mailer", "thief", {stream: ">"}),
        lambda: client.xautoclaim(stream, "mailer", "thief", 0),
        lambda: client.xack(stream, "mailer", *(entry_id for entry_id, _ in client.xrange(stream))),
        lambda: client.xgroup_setid(stream, "mailer", "$"),
        lambda: client.xgroup_delconsumer(stream, "mailer", "thief"),
        lambda: client.delete(stream),
        lambda: client.xtrim(stream, maxlen=0),
    )
    for act in acts:
        with contextlib.suppress(redis.ResponseError):
            act()
