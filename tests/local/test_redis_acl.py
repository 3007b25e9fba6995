"""On a real server, each role's Redis user can do its work and nothing else."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from identity.adapters.redis_collectors import StreamCollector
from identity.adapters.redis_stream import RedisStream
from mailer.adapters.clock import SystemClock
from mailer.adapters.metric_collectors import QueueCollector
from mailer.adapters.redis.dead_letters import RedisDeadLetters
from mailer.adapters.redis.delivery_ledger import COMPLETE
from mailer.adapters.redis.dramatiq_broker import NotifyingRedisBroker
from mailer.adapters.redis.queue_pause import RedisQueuePause
from mailer.adapters.redis.queue_stats import RedisQueueStats
from mailer.usecases.dead_letters import RetryResult
from mailer.usecases.queue_stats import PauseState

from deploy.containers.secret_files import main as make_secret_files
from deploy.local.keys import make_secrets, password_of
from deploy.redis.acl import roles
from tests.support import ROOT
from tests.support.servers.optional_programs import DEBIAN_REDIS
from tests.support.servers.redis import RedisServer

Client = Any  # redis-py's types combine sync and async answers
As = Callable[[str], Client]
STREAM, MAILS, RECEIPTS = "identity.events", "identity.mails", "mailer.receipts"


TOUCHES: tuple[Callable[[Client], object], ...] = (
    lambda it: it.xgroup_destroy(MAILS, "mailer"),
    lambda it: it.xgroup_setid(MAILS, "mailer", "$"),
    lambda it: it.xgroup_delconsumer(MAILS, "mailer", "a"),
    lambda it: it.xgroup_create(MAILS, "other"),
    lambda it: it.xreadgroup("mailer", "b", {MAILS: ">"}),
    lambda it: it.xreadgroup("mailer", "b", {STREAM: ">", MAILS: ">"}),
    lambda it: it.xack(MAILS, "mailer", "0-1"),
    lambda it: it.xautoclaim(MAILS, "mailer", "b", 0),
    lambda it: it.xclaim(MAILS, "mailer", "b", 0, ["0-1"]),
    lambda it: it.xrange(MAILS),
    lambda it: it.xread({MAILS: "0"}),
    lambda it: it.xadd(MAILS, {"ce": "{}"}),
    lambda it: it.xdel(MAILS, "0-1"),
    lambda it: it.xtrim(MAILS, maxlen=0),
    lambda it: it.delete(MAILS),
    lambda it: it.rename(MAILS, "seen:pass:1"),
    lambda it: it.copy(MAILS, "seen:pass:1"),
    lambda it: it.expire(MAILS, 0),
    lambda it: it.restore(MAILS, 0, b"", replace=True),
    lambda it: it.pipeline().xgroup_destroy(MAILS, "mailer").execute(),
    lambda it: it.eval("return redis.call('XGROUP', 'DESTROY', KEYS[1], 'mailer')", 1, MAILS),
    lambda it: it.eval("return redis.call('XGROUP', 'DESTROY', 'identity.mails', 'mailer')", 0),
)


@pytest.fixture
def as_role(start_redis: Callable[..., RedisServer]) -> Iterator[As]:
    server = start_redis(
        users={name: f">{name}-password resetchannels -@all {rules}" for name, rules in roles().items()}
    )
    clients: list[Client] = []

    def connect(role: str) -> Client:
        clients.append(redis.Redis.from_url(server.url_for(role, f"{role}-password")))
        return clients[-1]

    for role, stream, group in (("mailer", MAILS, "mailer"), ("relay", RECEIPTS, "identity")):
        connect(role).xgroup_create(stream, group, id="0", mkstream=True)
    yield connect
    for client in clients:
        client.close()


@pytest.mark.rule("SEC-10")
@pytest.mark.parametrize(
    ("role", "act"),
    [
        ("relay", lambda it: it.xadd(STREAM, {"ce": "{}"}, minid="0-1")),
        ("relay", lambda it: it.pipeline().xadd(STREAM, {"ce": "{}"}).execute()),
        ("relay", lambda it: it.xreadgroup("identity", "a", {RECEIPTS: ">"}, block=1)),
        ("relay", lambda it: it.xautoclaim(RECEIPTS, "identity", "a", 1000)),
        ("relay", lambda it: it.set(f"{STREAM}:mark:1", 5)),
        ("relay", lambda it: it.transaction(lambda pipe: pipe.get(f"{STREAM}:mark:1"), f"{STREAM}:mark:1")),
        ("relay", lambda it: it.exists(STREAM)),
        ("relay", lambda it: RedisStream(it, STREAM).trim(timedelta(days=7))),
        ("relay", lambda it: it.pipeline().xadd(MAILS, {"ce": "{}"}).xadd(STREAM, {"ce": "{}"}).execute()),
        ("relay", lambda it: it.exists(MAILS) and it.xinfo_stream(MAILS)),
        ("relay", lambda it: it.xpending(MAILS, "mailer")),
        ("relay", lambda it: list(StreamCollector(it, STREAM).collect())),
        ("mailer", lambda it: list(QueueCollector(it).collect())),
        ("mailer", lambda it: it.info("server")),  # for `mailer check` and after a lost connection
        ("mailer", lambda it: it.xreadgroup("mailer", "a", {MAILS: ">"}, block=1)),
        # During an upgrade, a mailer from before `identity.mails` finishes its work.
        (
            "mailer",
            lambda it: it.xgroup_create(STREAM, "mailer", mkstream=True) and it.xack(STREAM, "mailer", "0-1"),
        ),
        ("mailer", lambda it: it.xadd(RECEIPTS, {"event_id": "1"})),
        ("mailer", lambda it: it.hset("mailer:ledger:1", "state", "sent")),
        ("consumer", lambda it: it.xgroup_create(STREAM, "pass", id="0", mkstream=True)),
        ("consumer", lambda it: it.set("seen:pass:1", "1", ex=5)),
        ("operator", lambda it: it.xinfo_groups(MAILS)),
        ("scaler", lambda it: it.xinfo_groups(MAILS)),
        ("scaler", lambda it: it.xpending(MAILS, "mailer")),
        ("scaler", lambda it: it.ping()),
        ("operator", lambda it: it.client_list()),
    ],
)
def test_a_role_does_its_work(as_role: As, role: str, act: Callable[[Client], object]) -> None:
    act(as_role(role))


@pytest.mark.rule("SEC-10")
@pytest.mark.parametrize(
    ("role", "act"),
    [
        ("relay", lambda it: it.xadd(RECEIPTS, {"event_id": "1"})),
        ("relay", lambda it: it.xgroup_create(STREAM, "other")),
        ("relay", lambda it: it.get("mailer:ledger:1")),
        ("relay", lambda it: it.xack(STREAM, "mailer", "0-1")),
        ("consumer", lambda it: it.xtrim(STREAM, maxlen=0)),
        ("relay", lambda it: it.xgroup_destroy(MAILS, "mailer")),
        ("mailer", lambda it: it.xadd(STREAM, {"ce": "{}"})),
        ("mailer", lambda it: it.xadd(MAILS, {"ce": "{}"})),
        ("mailer", lambda it: it.xtrim(MAILS, maxlen=0)),
        ("mailer", lambda it: it.set(f"{STREAM}:mark:1", 5)),
        ("consumer", lambda it: it.set(f"{STREAM}:mark:1", 5)),
        ("mailer", lambda it: it.xtrim(STREAM, maxlen=0)),
        ("mailer", lambda it: it.delete(STREAM)),
        ("mailer", lambda it: it.flushall()),
        ("mailer", lambda it: it.keys("*")),
        ("mailer", lambda it: it.set("dramatiq:default", "1")),
        ("mailer", lambda it: it.config_set("appendonly", "no")),
        *((role, lambda it: it.config_get("maxmemory-policy")) for role in roles()),
        *((role, lambda it: it.script_flush()) for role in roles()),
        *((role, lambda it: it.function_flush()) for role in roles()),
        *((role, lambda it: it.scan()) for role in roles() if role != "operator"),
        ("mailer", lambda it: it.function_load("#!lua name=mine\nredis.register_function('f', print)")),
        ("mailer", lambda it: it.fcall("f", 0)),
        ("mailer", lambda it: it.script_kill()),
        ("mailer", lambda it: it.randomkey()),
        ("mailer", lambda it: it.dbsize()),
        ("mailer", lambda it: it.publish("mailer:any", "1")),
        ("mailer", lambda it: it.copy("mailer:paused", "other")),
        ("mailer", lambda it: it.swapdb(0, 1)),
        ("consumer", lambda it: it.xadd(STREAM, {"ce": "{}"})),
        ("consumer", lambda it: it.get("mailer:ledger:1")),
        ("consumer", lambda it: it.set("mailer:paused", "1")),
        ("operator", lambda it: it.set("mailer:paused", "1")),
        ("consumer", lambda it: it.xread({RECEIPTS: "0"})),
        ("operator", lambda it: it.delete(STREAM)),
        ("scaler", lambda it: it.xrange(MAILS)),
        ("scaler", lambda it: it.xreadgroup("mailer", "a", {MAILS: ">"})),
        ("scaler", lambda it: it.xgroup_destroy(MAILS, "mailer")),
        ("scaler", lambda it: it.xpending(RECEIPTS, "identity")),
        ("scaler", lambda it: it.hgetall("mailer:ledger:1")),
    ],
)
def test_a_role_does_nothing_else(as_role: As, role: str, act: Callable[[Client], object]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        act(as_role(role))


@pytest.mark.rule("EVT-7", "SEC-10")
@pytest.mark.parametrize("role", ["consumer", "scaler"])
@pytest.mark.parametrize("act", TOUCHES)
def test_only_the_mailer_may_change_the_stream_of_mails(
    as_role: As, role: str, act: Callable[[Client], object]
) -> None:
    entry_id = as_role("relay").xadd(MAILS, {"ce": "{}", "sealed": "s"})
    as_role("mailer").xreadgroup("mailer", "a", {MAILS: ">"})

    with pytest.raises(redis.ResponseError, match=r"(?i)no permissions|NOPERM"):
        act(as_role(role))

    (pending,) = as_role("mailer").xpending_range(MAILS, "mailer", "-", "+", 10)
    assert (pending["message_id"], pending["consumer"]) == (entry_id, b"a")


@pytest.mark.rule("SEC-10")
def test_a_script_does_not_extend_the_mailers_permissions(as_role: As) -> None:
    with pytest.raises(redis.ResponseError, match="No permissions"):
        as_role("mailer").eval("return redis.call('XADD', KEYS[1], '*', 'a', 'b')", 1, STREAM)


@pytest.mark.rule("SEC-10")
def test_the_mailer_completes_a_mail_in_one_script(as_role: As) -> None:
    mailer = as_role("mailer")
    keys = ["mailer:ledger:1", RECEIPTS, MAILS, "mailer:dead"]

    mailer.register_script(COMPLETE)(
        keys=keys, args=["sent", "now", "", 60000, "mailer", "0-1", "1", 1000, "", "token"]
    )

    assert mailer.xlen(RECEIPTS) == 1


@pytest.mark.rule("SEC-10")
def test_the_mailers_permissions_suffice_for_its_queue(as_role: As) -> None:
    broker = NotifyingRedisBroker(as_role("mailer"), name="mails", prefetch=1)
    done: list[int] = []
    actor = dramatiq.actor(actor_name="note", broker=broker, queue_name="mails")(done.append)
    worker = dramatiq.Worker(broker, worker_threads=1)

    actor.send(1)
    worker.start()
    broker.join("mails", timeout=10_000)
    worker.join()
    worker.stop()
    broker.remove_queue("mails")

    assert done == [1]


@pytest.mark.rule("SEC-10", "MAIL-5")
def test_the_mailers_permissions_suffice_for_queue_commands(as_role: As) -> None:
    mailer, now = as_role("mailer"), datetime.now(UTC)
    dead_letters = RedisDeadLetters(mailer)
    kind = "tw.port.identity.verification.requested"
    entry_id = as_role("relay").xadd(MAILS, {"ce": '{"id": "1"}', "type": kind, "sealed": "s"}).decode()
    record = {"entry_id": entry_id, "type": kind, "at": now.isoformat(), "category": "c", "words": "w"}
    mailer.hset("mailer:dead", "1", json.dumps(record))
    mailer.hset("mailer:ledger:1", "state", "refused")
    pause = RedisQueuePause(mailer)
    pause.pause(PauseState(now, "moves"))

    (letter,) = dead_letters.all()
    retried = dead_letters.retry(letter)
    figures = RedisQueueStats(mailer, clock=SystemClock()).collect()

    assert (retried, dead_letters.drop("1"), figures.all.waiting) == (RetryResult.QUEUED, False, 1)
    assert figures.pause == PauseState(now, "moves")
    assert pause.resume()


@pytest.mark.rule("SEC-10")
def test_containers_get_the_same_redis_users(tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)

    users = acl_users((tmp_path / "redis" / "users.acl").read_text())
    example = acl_users((ROOT / "deploy" / "redis" / "users.acl.example").read_text())
    assert users == example == {name: f"resetchannels -@all {rules}" for name, rules in roles().items()}


@pytest.mark.rule("SEC-10")
def test_each_container_gets_only_its_own_password(tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    passwords = {role: password_of(tmp_path / "kept" / "redis", role) for role in roles()}

    holders = {
        role: {
            path.parent.name
            for path in tmp_path.glob("*/*")
            if path.is_file() and path.parent.name != "kept" and password in path.read_text()
        }
        for role, password in passwords.items()
    }
    assert holders == {
        "relay": {"relay"}, "mailer": {"mailer"}, "scaler": {"scaler"}, "consumer": set(), "operator": set(),
    }  # fmt: skip


@pytest.mark.rule("SEC-10")
def test_a_second_start_keeps_the_secrets_of_the_containers(tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    make_secret_files(tmp_path, give=False)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first


@pytest.mark.rule("SEC-10")
def test_an_upgrade_removes_secrets_that_a_process_no_longer_needs(tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    of_an_older_release = tmp_path / "tidy" / "secret_keys"
    of_an_operator = tmp_path / "mailer" / "smtp_url"
    for path in (of_an_older_release, of_an_operator):
        path.write_text("secret")

    make_secret_files(tmp_path, give=False)

    assert (of_an_older_release.exists(), of_an_operator.exists()) == (False, True)


@pytest.mark.rule("SEC-10")
@pytest.mark.parametrize("is_on", [False, True])
def test_the_redis_administrator_of_the_containers_works_only_while_enabled(
    start_redis: Callable[..., RedisServer], tmp_path: Path, *, is_on: bool
) -> None:
    make_secret_files(tmp_path, give=False, redis_admin=is_on)
    server = start_redis(options=("--aclfile", str(tmp_path / "redis" / "users.acl")))

    with redis.Redis.from_url(
        server.url_for("admin", password_of(tmp_path / "kept" / "redis", "admin"))
    ) as admin:
        if not is_on:
            with pytest.raises(redis.AuthenticationError):
                admin.ping()
            return
        admin.xgroup_create(STREAM, "abandoned", mkstream=True)
        assert admin.xgroup_destroy(STREAM, "abandoned") == 1
        assert admin.acl_setuser("relay", enabled=True, passwords=["+new"])


@pytest.mark.rule("SEC-10", "MAIL-3")
@pytest.mark.parametrize("server", ["valkey", "redis-7.0"])
def test_writes_of_transactions_and_scripts_survive_a_restart(
    start_redis: Callable[..., RedisServer], tmp_path: Path, server: str
) -> None:
    make_secret_files(tmp_path, give=False)
    redis_server = start_redis(
        options=("--aclfile", str(tmp_path / "redis" / "users.acl")),
        program=DEBIAN_REDIS.require() if server == "redis-7.0" else None,
    )
    password = password_of(tmp_path / "kept" / "redis", "mailer")
    with redis.Redis.from_url(redis_server.url_for("mailer", password)) as mailer:
        mailer.pipeline(transaction=True).set("mailer:a", 1).set("mailer:b", 1).execute()
        mailer.eval("redis.call('SET', KEYS[1], 1) redis.call('SET', KEYS[2], 1)", 2, "mailer:c", "mailer:d")

        redis_server.stop()
        redis_server.start()

        assert mailer.exists("mailer:a", "mailer:b", "mailer:c", "mailer:d") == 4


def acl_users(text: str) -> dict[str, str]:
    """Return the rules of each enabled user, without the passwords."""
    lines = [line.split(" ", 4) for line in text.splitlines() if line.startswith("user ")]
    return {name: rules for _, name, state, _, rules in lines if state == "on"}


def test_the_acl_file_contains_no_password(tmp_path: Path) -> None:
    make_secrets(tmp_path / "keys", tmp_path / "redis", stream=STREAM)

    text = (tmp_path / "redis" / "users.acl").read_text()
    assert not [role for role in roles() if password_of(tmp_path / "redis", role) in text]


def test_secrets_are_created_once_and_readable_only_by_their_owner(tmp_path: Path) -> None:
    make_secrets(tmp_path / "keys", tmp_path / "redis", stream=STREAM)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    make_secrets(tmp_path / "keys", tmp_path / "redis", stream=STREAM)

    assert {path: path.read_bytes() for path in first} == first
    assert {oct(path.stat().st_mode & 0o777) for path in first} == {"0o600"}
