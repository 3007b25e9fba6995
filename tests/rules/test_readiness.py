"""A process is ready when it can write, not only when its servers answer (OPS-7)."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from mailer.process import MailerProcess
from mailer.settings import Settings as MailerSettings
from port_events.sealing import new_key_sets
from port_runtime.metrics_health_server import MetricsHealthServer
from port_runtime.settings import load
from sqlalchemy import event
from sqlalchemy.engine import make_url

from tests.support.actors.people import NO_TLS
from tests.support.harness.commands import invoke
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import identity_settings, mailer_settings
from tests.support.harness.system import System
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer


def _readyz(url: str) -> dict[str, str]:
    """Return the checks, and assert that the status matches."""
    answer = httpx.get(f"{url}/readyz", verify=NO_TLS, trust_env=False)
    checks: dict[str, str] = answer.json()["checks"]
    assert (answer.status_code == 200) == (set(checks.values()) == {"ok"})
    return checks


@contextmanager
def _served(metrics_health_server: MetricsHealthServer) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    metrics_health_server.start(listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    metrics_health_server.stop()


def _make_read_only(system: System) -> None:
    """Make new connections read-only, on SQLite only the web application's, and close its current connections."""
    if system.engine.dialect.name == "sqlite":
        event.listen(system.engine, "do_connect", _open_read_only)
    else:
        url = make_url(system.database_url)
        administration = url.set(drivername="postgresql", database="postgres")
        with psycopg.connect(administration.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')
    system.engine.dispose()


def _open_read_only(_dialect: object, _record: object, path: list[str], options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(f"file:{path[0]}?mode=ro", uri=True, **options)
    return connection


@pytest.mark.rule("OPS-7", "OPS-4")
def test_no_process_is_ready_while_its_database_is_read_only(start_system: StartSystem) -> None:
    system = start_system(own_app=True)
    before = _readyz(system.url)

    _make_read_only(system)
    after = _readyz(system.url)

    assert before == {"database": "ok"}
    if system.engine.dialect.name == "sqlite":  # only the web application's engine is read-only
        assert after == {"database": "OperationalError"}
        return
    assert after == {"database": "read-only"}
    with _served(system.relay.metrics_health_server()) as relay:
        assert _readyz(relay) == {"database": "read-only", "redis": "ok"}
    assert "database: read-only" in invoke(system, "check").stdout.splitlines()


@pytest.fixture
def operations(redis_server: RedisServer, sqlite_url: str) -> Iterator[dict[str, str]]:
    """The URLs of the metrics and health ports of a relay and a mailer."""
    keys, url = new_key_sets(), redis_server.url
    settings = load(MailerSettings, mailer_settings(keys, redis_url=url, smtp_url="smtp://127.0.0.1"))
    relay = Relay(load(RelaySettings, identity_settings(keys, database_url=sqlite_url, redis_url=url)))
    mailer = MailerProcess.build(settings)
    with (
        _served(relay.metrics_health_server()) as of_relay,
        _served(mailer.metrics_health_server(settings)) as of_mailer,
    ):
        yield {"relay": of_relay, "mailer": of_mailer}
    relay.close()


@contextmanager
def _configured(server: RedisServer, name: str, value: str) -> Iterator[None]:
    with server.client() as client:
        before = client.config_get(name)[name]
        client.config_set(name, value)
        yield
        client.config_set(name, before)


@contextmanager
def _demoted(server: RedisServer) -> Iterator[None]:
    """Make the server a replica of a primary that does not answer."""
    with server.client() as client:
        client.replicaof("127.0.0.1", str(free_port()))
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def _unable_to_save(server: RedisServer) -> Iterator[None]:
    in_its_way = server.directory / "dump.rdb"
    with _configured(server, "save", "3600 1"):
        in_its_way.mkdir()
        _save(server, "err")
        yield
        in_its_way.rmdir()
        _save(server, "ok")


def _save(server: RedisServer, status: str) -> None:
    with server.client() as client:
        client.bgsave()
        wait_until(
            lambda: client.info("persistence")["rdb_last_bgsave_status"] == status,
            what=f"the status {status} of the save",
        )


@pytest.mark.rule("OPS-7", "OPS-4")
def test_neither_relay_nor_mailer_is_ready_while_redis_refuses_writes(
    operations: dict[str, str], redis_server: RedisServer
) -> None:
    faults = {
        "UnableServer READONLY": _demoted(redis_server),
        "OutOfMemoryError": _configured(redis_server, "maxmemory", "1"),
        # The required replica is missing, as on a primary behind a network partition.
        "UnableServer NOREPLICAS": _configured(redis_server, "min-replicas-to-write", "1"),
        "UnableServer MISCONF": _unable_to_save(redis_server),
    }
    found = []

    for fault in faults.values():
        with fault:
            found.append([_readyz(url)["redis"] for url in operations.values()])
        found.append([_readyz(url)["redis"] for url in operations.values()])

    assert found[0::2] == [[name.split()[0]] * 2 for name in faults]
    assert found[1::2] == [["ok", "ok"]] * len(faults)
