"""After a server has refused a command because of its state, the next command uses a new connection (OPS-7)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from port_events.redis_client import connect
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import started
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer
from tests.support.servers.tcp_proxy import Proxy


def _demoted(stack: ExitStack) -> RedisServer:
    server = stack.enter_context(started(RedisServer()))
    with server.client() as client:
        client.replicaof("127.0.0.1", str(free_port()))
    return server


def _cut_off_from_its_primary(stack: ExitStack) -> RedisServer:
    server = _demoted(stack)
    with server.client() as client:
        client.config_set("replica-serve-stale-data", "no")
    return server


def _without_its_replica(stack: ExitStack) -> RedisServer:
    return stack.enter_context(started(RedisServer(options=("--min-replicas-to-write", "1"))))


def _unable_to_save(stack: ExitStack) -> RedisServer:
    server = stack.enter_context(started(RedisServer(options=("--save", "3600 1"))))
    (server.directory / "dump.rdb").mkdir()
    with server.client() as client:
        client.bgsave()
        wait_until(
            lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", what="a save that fails"
        )
    return server


def _of_a_cluster_without_slots(stack: ExitStack) -> RedisServer:
    return stack.enter_context(
        started(RedisServer(options=("--cluster-enabled", "yes", "--cluster-port", str(free_port()))))
    )


def _loading_its_data(stack: ExitStack) -> RedisServer:
    # While loading, Redis answers only after each 1024 commands of its append-only file.
    server = stack.enter_context(started(RedisServer(options=("--key-load-delay", "20"))))
    with server.client() as client, client.pipeline() as pipeline:
        for number in range(40_000):
            pipeline.set(f"key:{number}", "")
        pipeline.execute()
    server.stop()
    server.start(is_loading=True)
    return server


@dataclass(frozen=True, slots=True)
class Unable:
    """A server that refuses `command`; `text` is a part of redis-py's error."""

    start: Callable[[ExitStack], RedisServer]
    text: str
    command: str = "SET"


UNABLE = {
    "READONLY": Unable(_demoted, "read only replica"),
    "MASTERDOWN": Unable(
        _cut_off_from_its_primary, "serve-stale-data", "GETRANGE"
    ),  # the replica answers a write with READONLY
    "NOREPLICAS": Unable(_without_its_replica, "NOREPLICAS"),
    "MISCONF": Unable(_unable_to_save, "MISCONF"),
    "CLUSTERDOWN": Unable(_of_a_cluster_without_slots, "not served"),
    "LOADING": Unable(_loading_its_data, "loading"),
}
WAYS: dict[str, Callable[..., object]] = {
    "command": lambda client, *words: client.execute_command(*words),
    "script": lambda client, *words: client.eval("return redis.call(unpack(ARGV))", 1, words[1], *words),
    "transaction": lambda client, *words: client.pipeline(transaction=True).execute_command(*words).execute(),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.rule("OPS-7")
@pytest.mark.parametrize("answer", UNABLE)
def test_the_next_command_goes_to_the_server_that_can_work(
    stack: ExitStack, redis_server: RedisServer, answer: str
) -> None:
    case = UNABLE[answer]
    unable = case.start(stack)
    words = (case.command, "key", *{"SET": ["new"], "GETRANGE": ["0", "-1"]}[case.command])
    for name, run in WAYS.items():
        address = stack.enter_context(started(Proxy(unable.port)))
        url = f"redis://127.0.0.1:{address.port}/0"
        with connect(url, retry=Retry(NoBackoff(), 1), decode_responses=True) as client:
            with pytest.raises(RedisConnectionError) as refused:
                run(client, *words)
            address.target_port = redis_server.port
            client.set("key", "old")

            answered = run(client, *words)

            assert case.text in str(refused.value), name
            assert "old" in str(answered) or client.get("key") == "new", name
