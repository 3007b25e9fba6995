"""A mailer, a mail server or a Redis that goes away: nothing is lost, and nothing is mailed twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from port_events.envelope import STREAM

from mailer.adapters.redis.stream import GROUP
from mailer.intake import BATCH
from tests.mailer.harness import MailerHarness
from tests.support.harness.waiting import wait_until
from tests.support.servers.redis import RedisServer

pytestmark = pytest.mark.processes


@contextmanager
def mailer_process(world: MailerHarness, log: Path, **over: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `mailer run` as operators do."""
    command = Path(sys.executable).with_name("mailer")
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [command, "run"], env={**os.environ, **world.environ(**over)}, stderr=stderr
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.mark.rule("MAIL-7")
def test_what_a_killed_mailer_had_in_hand_is_sent_by_another(world: MailerHarness, tmp_path: Path) -> None:
    world.smtp.hang(at="rcpt")
    with mailer_process(world, tmp_path / "log") as killed:
        published = world.request_many(20)
        wait_until(
            lambda: world.smtp.script.reached["rcpt"] >= 1 and world.pending() == 20, what="the claims"
        )
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    world.smtp.reset()

    world.start_mailer()

    world.smtp.mailbox.wait_for(count=20, timeout=20)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 20
    assert {receipt["event_id"] for receipt in world.receipts()} == {each.event.id for each in published}


@pytest.mark.rule("MAIL-7")
def test_a_mailer_told_to_stop_finishes_and_hands_the_rest_over(world: MailerHarness, tmp_path: Path) -> None:
    with mailer_process(world, tmp_path / "log", MAILER_THREADS="2") as stopped:
        world.request_many(300)
        world.smtp.mailbox.wait_for(count=5)
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(timeout=20) == 0
    members: Any = world.client.xinfo_consumers("identity.events", "mailer")
    queues = world.client.keys("mailer:queue:*")

    world.start_mailer(MAILER_LEASE="300")

    world.smtp.mailbox.wait_for(count=300, timeout=20)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 300
    assert {member["name"] for member in members} <= {"handed-back"}
    assert queues == []


@pytest.mark.rule("MAIL-7")
def test_a_mailer_told_to_stop_does_not_wait_for_a_redis_that_is_silent(
    world: MailerHarness, tmp_path: Path
) -> None:
    with mailer_process(world, tmp_path / "log") as stopped:
        world.request_many(1)
        world.smtp.mailbox.wait_for(count=1)
        world.wait_until_finished()

        world.redis_server.pause()
        try:
            stopped.send_signal(signal.SIGTERM)
            code = stopped.wait(timeout=20)
        finally:
            world.redis_server.resume()

    assert code == 0
    assert b"mailer_left_in_haste" in (tmp_path / "log").read_bytes()


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_mails_wait_while_the_mail_server_is_away_and_nobody_hammers_it(world: MailerHarness) -> None:
    world.smtp.drop(at="connect", times=None)
    mailer = world.start_mailer()
    published = world.request_many(40)
    wait_until(mailer.wiring.transport.is_unavailable, what="the pause")
    wait_until(lambda: mailer.wiring.in_flight.counts()["waiting"], what="mails that wait")

    knocks = world.smtp.connections
    world.smtp.reset()
    world.clock.advance(seconds=20)

    world.smtp.mailbox.wait_for(count=40, timeout=20)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 40
    assert {world.ledger(each)["state"] for each in published} == {"sent"}
    assert {world.ledger(each).get("tries", "0") for each in published} == {"0"}
    assert knocks <= 8  # of 40 mails and 4 threads


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_restarted_redis_costs_no_mail_and_doubles_none(world: MailerHarness) -> None:
    world.start_mailer()
    published = world.request_many(30)
    world.smtp.mailbox.wait_for(count=1)

    world.redis_server.stop()
    world.redis_server.start()

    world.smtp.mailbox.wait_for(count=30, timeout=30)
    world.wait_until_finished(timeout_seconds=30)
    assert world.smtp.mailbox.count() == 30
    assert len(world.receipts()) == len(published)


@pytest.mark.rule("MAIL-7")
def test_a_mailer_starts_before_redis_and_works_when_it_is_there(world: MailerHarness) -> None:
    world.redis_server.stop()
    world.start_mailer()

    world.redis_server.start()
    world.request("ming@example.com")

    world.smtp.mailbox.wait_for("ming@example.com", timeout=15)


@pytest.mark.rule("MAIL-7")
def test_a_redis_set_up_anew_is_read_from_its_beginning(world: MailerHarness) -> None:
    world.start_mailer()
    world.request("first@example.com")
    world.smtp.mailbox.wait_for("first@example.com")
    world.wait_until_finished()

    world.redis_server.wipe()
    world.request("second@example.com")

    world.smtp.mailbox.wait_for("second@example.com")


@pytest.mark.rule("MAIL-5")
def test_a_connection_cut_between_mails_is_replaced_without_a_wait(world: MailerHarness) -> None:
    world.start_mailer(MAILER_THREADS="1")
    world.request("first@example.com")
    world.smtp.mailbox.wait_for("first@example.com")
    world.wait_until_finished()

    world.smtp.stop()
    world.smtp.start()
    world.request("second@example.com")

    world.smtp.mailbox.wait_for("second@example.com", timeout=2)


@pytest.mark.rule("MAIL-3")
def test_only_a_mail_whose_acceptance_was_never_learnt_comes_twice(world: MailerHarness) -> None:
    world.smtp.drop("ming@example.com", at="accepted", times=1)
    world.start_mailer()

    published = world.request("ming@example.com")

    world.wait_for_state(published, "waiting")
    world.clock.advance(minutes=1)
    world.wait_for_state(published, "sent")
    first, second = world.smtp.mailbox.all("ming@example.com")
    assert first.headers["Message-ID"] == second.headers["Message-ID"]


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_frozen_mailer_that_wakes_up_does_not_send_what_another_has_sent_meanwhile(
    world: MailerHarness, tmp_path: Path
) -> None:
    world.smtp.hold("ming@example.com", at="rcpt")
    with mailer_process(world, tmp_path / "log") as frozen:
        published = world.request("ming@example.com")
        wait_until(lambda: world.smtp.script.reached["rcpt"] == 1, what="the first attempt")
        frozen.send_signal(signal.SIGSTOP)
        world.start_mailer()
        world.wait_for_state(published, "sent")
        frozen.send_signal(signal.SIGCONT)
        world.smtp.release()
        wait_until(lambda: "mail_abandoned" in (tmp_path / "log").read_text(), what="the frozen one to look")
        world.wait_until_finished()

    assert world.smtp.mailbox.count() == 1
    assert [receipt["state"] for receipt in world.receipts()] == ["sent"]


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_mail_that_was_let_go_because_redis_was_away_goes_when_it_is_back(
    world: MailerHarness, tmp_path: Path
) -> None:
    world.smtp.hold("ming@example.com", at="rcpt")
    log = tmp_path / "log"
    with mailer_process(world, log, MAILER_LEASE="1s"):
        published = world.request("ming@example.com")
        wait_until(lambda: world.smtp.script.reached["rcpt"] == 1, what="the attempt")
        world.redis_server.stop()
        wait_until(lambda: log.read_text().count("redis_away") > 2, what="more than the lease's second")
        world.smtp.release()
        wait_until(lambda: "mail_abandoned" in log.read_text(), what="the look before the mail leaves")
        world.redis_server.start()

        world.wait_for_state(published, "sent")

    assert world.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-4")
def test_a_mail_that_expires_while_the_server_hesitates_is_not_sent(world: MailerHarness) -> None:
    world.smtp.hold("ming@example.com", at="rcpt")
    world.start_mailer()
    published = world.request("ming@example.com", expires_at=world.clock.now() + timedelta(minutes=5))
    wait_until(lambda: world.smtp.script.reached["rcpt"] == 1, what="the attempt")

    world.clock.advance(minutes=6)
    world.smtp.release()

    world.wait_for_state(published, "expired")
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-3")
@pytest.mark.parametrize(
    ("refusing", "word"), [("maxmemory", "OOM"), ("min-replicas-to-write", "NOREPLICAS")]
)
def test_an_acceptance_is_noted_although_redis_took_nothing_at_that_moment(
    world: MailerHarness, refusing: str, word: str
) -> None:
    world.smtp.hold("ming@example.com", at="accepted")
    world.start_mailer()
    published = world.request("ming@example.com")
    wait_until(lambda: world.smtp.script.reached["accepted"] == 1, what="the acceptance")

    world.client.config_set(refusing, "1")
    world.smtp.release()
    wait_until(lambda: world.smtp.mailbox.count() == 1, what="the mail")

    def refused() -> int:
        errors: Any = world.client.info("errorstats")
        return int(errors.get(f"errorstat_{word}", {}).get("count", 0))

    before = refused()
    wait_until(lambda: refused() > before, what="a refusal")
    world.client.config_set(refusing, "0")

    world.wait_for_state(published, "sent")
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-7")
def test_one_sweep_takes_over_as_much_as_there_is_room_for(world: MailerHarness) -> None:
    dead = "a-mailer-that-died"
    mailer = world.mailer(MAILER_THREADS="32", MAILER_LEASE="20")
    world.request_many(3 * BATCH)
    world.client.xgroup_create(STREAM, GROUP, "0")
    world.client.xreadgroup(GROUP, dead, {STREAM: ">"})
    pending: Any = world.client.xpending_range(STREAM, GROUP, "-", "+", 3 * BATCH)
    ids = [each["message_id"] for each in pending]
    world.client.xclaim(STREAM, GROUP, dead, 0, ids, idle=30_000, justid=True)

    mailer.intake.sweep()

    assert len(mailer.wiring.in_flight.entry_ids()) == 3 * BATCH


@pytest.mark.rule("MAIL-3")
def test_a_slow_mail_server_is_no_dead_mailer(world: MailerHarness) -> None:
    world.smtp.hang("ming@example.com", at="data")
    first, second = world.start_mailer(), world.start_mailer()
    published = world.request("ming@example.com")
    wait_until(lambda: world.state(published) == "claimed", what="the claim")
    token = world.ledger(published)["token"]
    lease = float(world.ledger(published)["lease"])

    wait_until(lambda: float(world.ledger(published)["lease"]) > lease + 1500, what="the lease renewed twice")

    assert world.ledger(published)["token"] == token
    assert world.smtp.script.reached["data"] == 1
    assert first.name != second.name


def test_a_queue_that_loses_its_messages_costs_no_mail(world: MailerHarness) -> None:
    mailer = world.mailer()
    mailer.intake.start()  # reads and queues; nobody works yet
    world.request_many(5)
    wait_until(lambda: world.pending() == 5, what="the read")
    for key in world.client.keys("mailer:queue:*"):
        world.client.delete(key)

    mailer.worker.start()

    world.smtp.mailbox.wait_for(count=5)
    mailer.stop()


@pytest.mark.rule("SEC-10")
def test_the_rights_of_the_mailers_redis_user_are_enough(
    world: MailerHarness, start_redis: Callable[..., RedisServer]
) -> None:
    from deploy.local.acl import roles

    server = start_redis(users={"mailer": f">secret {roles()['mailer']}", "all": ">secret ~* &* +@all"})
    other = MailerHarness(server, world.smtp, keys=world.keys, redis_url=server.url_for("all", "secret"))
    url = server.url_for("mailer", "secret")
    world.smtp.refuse("bad@example.com")
    world.smtp.refuse("late@example.com", code=450, text="4.2.0 Later", times=1)
    other.start_mailer(REDIS_URL=url)

    published = [other.request(f"{name}@example.com") for name in ("good", "bad", "late")]
    other.wait_for_state(published[2], "waiting")
    other.clock.advance(minutes=1)

    for each, state in zip(published, ("sent", "refused", "sent"), strict=True):
        other.wait_for_state(each, state)
    other.close()
