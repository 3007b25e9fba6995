"""Failures of a mailer, the mail server or Redis: no mail is lost, and only a lost acceptance repeats a mail."""

import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from dramatiq.errors import ConnectionClosed
from port_events.envelope import MAIL_STREAM
from port_runtime.settings import load

from mailer.adapters.redis.stream import GROUP
from mailer.intake import BATCH
from mailer.settings import Settings
from tests.mailer.harness import MailerHarness, mailer_process
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

pytestmark = pytest.mark.processes


@pytest.mark.rule("MAIL-7")
def test_mails_of_a_killed_mailer_are_sent_by_another(harness: MailerHarness, tmp_path: Path) -> None:
    harness.smtp.hang(at="rcpt")
    with mailer_process(harness, tmp_path) as killed:
        published = harness.request_many(20)
        wait_until(
            lambda: harness.smtp.script.reached["rcpt"] >= 1 and harness.pending() == 20, what="the claims"
        )
        killed.kill()
    harness.smtp.reset()

    harness.start_mailer()

    harness.smtp.mailbox.wait_for(count=20)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 20
    assert {receipt["event_id"] for receipt in harness.receipts()} == {each.event.id for each in published}


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_mails_wait_while_the_mail_server_is_unavailable_with_few_probes(harness: MailerHarness) -> None:
    harness.smtp.drop(at="connect", times=None)
    mailer = harness.start_mailer()
    published = harness.request_many(40)
    wait_until(mailer.wiring.transport.is_unavailable, what="the circuit breaker to open")
    wait_until(lambda: mailer.wiring.in_flight.counts()["waiting"], what="waiting mails")

    attempts = harness.smtp.connections
    harness.smtp.reset()
    harness.clock.advance(seconds=20)

    harness.smtp.mailbox.wait_for(count=40, timeout=20)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 40
    assert {harness.ledger(each)["state"] for each in published} == {"sent"}
    assert {harness.ledger(each).get("tries", "0") for each in published} == {"0"}
    assert attempts <= 8  # far fewer than 40 mails


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_restarted_redis_loses_and_repeats_no_mail(harness: MailerHarness) -> None:
    harness.start_mailer()
    published = harness.request_many(30)
    harness.smtp.mailbox.wait_for(count=1)

    harness.redis_server.stop()
    harness.redis_server.start()

    harness.smtp.mailbox.wait_for(count=30, timeout=30)
    harness.wait_until_finished(timeout_seconds=30)
    assert harness.smtp.mailbox.count() == 30
    assert len(harness.receipts()) == len(published)


@pytest.mark.rule("MAIL-7")
def test_a_mailer_may_start_before_redis(harness: MailerHarness) -> None:
    harness.redis_server.stop()
    harness.start_mailer()

    harness.redis_server.start()
    harness.request("ming@example.com")

    harness.smtp.mailbox.wait_for("ming@example.com", timeout=15)


@pytest.mark.rule("MAIL-7")
def test_an_emptied_stream_is_read_from_its_first_entry(harness: MailerHarness) -> None:
    harness.start_mailer()
    harness.request("first@example.com")
    harness.smtp.mailbox.wait_for("first@example.com")
    harness.wait_until_finished()

    harness.redis_server.wipe()
    harness.request("second@example.com")

    harness.smtp.mailbox.wait_for("second@example.com")


@pytest.mark.rule("MAIL-5")
def test_a_connection_closed_between_mails_is_replaced_immediately(harness: MailerHarness) -> None:
    harness.start_mailer(MAILER_THREADS="1")
    harness.request("first@example.com")
    harness.smtp.mailbox.wait_for("first@example.com")
    harness.wait_until_finished()

    harness.smtp.stop()
    harness.smtp.start()
    harness.request("second@example.com")

    harness.smtp.mailbox.wait_for("second@example.com", timeout=2)


@pytest.mark.rule("MAIL-3")
def test_only_a_mail_whose_acceptance_was_lost_is_sent_twice(harness: MailerHarness) -> None:
    harness.smtp.drop("ming@example.com", at="accepted", times=1)
    harness.start_mailer()

    published = harness.request("ming@example.com")

    harness.wait_for_state(published, "waiting")
    harness.clock.advance(minutes=1)
    harness.wait_for_state(published, "sent")
    first, second = harness.smtp.mailbox.all("ming@example.com")
    assert first.headers["Message-ID"] == second.headers["Message-ID"]


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_frozen_mailer_does_not_send_a_mail_that_another_mailer_has_sent(
    harness: MailerHarness, tmp_path: Path
) -> None:
    harness.smtp.hold("ming@example.com", at="rcpt")
    with mailer_process(harness, tmp_path) as frozen:
        published = harness.request("ming@example.com")
        wait_until(lambda: harness.smtp.script.reached["rcpt"] == 1, what="the first attempt")
        os.kill(frozen.pid, signal.SIGSTOP)
        harness.start_mailer()
        harness.wait_for_state(published, "sent")
        os.kill(frozen.pid, signal.SIGCONT)
        harness.smtp.release()
        frozen.wait_for("mail_abandoned")
        harness.wait_until_finished()

    assert harness.smtp.mailbox.count() == 1
    assert [receipt["state"] for receipt in harness.receipts()] == ["sent"]


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_mail_abandoned_while_redis_was_down_is_sent_later(harness: MailerHarness, tmp_path: Path) -> None:
    harness.smtp.hold("ming@example.com", at="rcpt")
    with mailer_process(harness, tmp_path, MAILER_LEASE="1s") as mailer:
        published = harness.request("ming@example.com")
        wait_until(lambda: harness.smtp.script.reached["rcpt"] == 1, what="the attempt")
        harness.redis_server.stop()
        wait_until(lambda: mailer.output.count("redis_away") > 2, what="the end of the lease of one second")
        harness.smtp.release()
        mailer.wait_for("mail_abandoned")
        harness.redis_server.start()

        harness.wait_for_state(published, "sent")

    assert harness.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-4")
def test_a_mail_that_expires_during_a_slow_reply_is_not_sent(harness: MailerHarness) -> None:
    harness.smtp.hold("ming@example.com", at="rcpt")
    harness.start_mailer()
    published = harness.request("ming@example.com", expires_at=harness.clock.now() + timedelta(minutes=5))
    wait_until(lambda: harness.smtp.script.reached["rcpt"] == 1, what="the attempt")

    harness.clock.advance(minutes=6)
    harness.smtp.release()

    harness.wait_for_state(published, "expired")
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-3")
@pytest.mark.parametrize(
    ("refusing", "word"), [("maxmemory", "OOM"), ("min-replicas-to-write", "NOREPLICAS")]
)
def test_an_acceptance_is_recorded_once_redis_accepts_writes_again(
    harness: MailerHarness, refusing: str, word: str
) -> None:
    harness.smtp.hold("ming@example.com", at="accepted")
    harness.start_mailer()
    published = harness.request("ming@example.com")
    wait_until(lambda: harness.smtp.script.reached["accepted"] == 1, what="the acceptance")

    harness.client.config_set(refusing, "1")
    harness.smtp.release()
    wait_until(lambda: harness.smtp.mailbox.count() == 1, what="the mail")

    def refused() -> int:
        errors: Any = harness.client.info("errorstats")
        return int(errors.get(f"errorstat_{word}", {}).get("count", 0))

    before = refused()
    wait_until(lambda: refused() > before, what="a refusal")
    harness.client.config_set(refusing, "0")

    harness.wait_for_state(published, "sent")
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-7")
def test_one_sweep_takes_over_as_many_entries_as_the_mailer_has_capacity_for(harness: MailerHarness) -> None:
    dead = "a-mailer-that-died"
    mailer = harness.mailer(MAILER_THREADS="32", MAILER_LEASE="20")
    harness.request_many(3 * BATCH)
    harness.client.xgroup_create(MAIL_STREAM, GROUP, "0")
    harness.client.xreadgroup(GROUP, dead, {MAIL_STREAM: ">"})
    pending: Any = harness.client.xpending_range(MAIL_STREAM, GROUP, "-", "+", 3 * BATCH)
    ids = [each["message_id"] for each in pending]
    harness.client.xclaim(MAIL_STREAM, GROUP, dead, 0, ids, idle=30_000, justid=True)

    mailer.intake.sweep()

    assert len(mailer.wiring.in_flight.entry_ids()) == 3 * BATCH


@pytest.mark.rule("MAIL-3")
def test_a_slow_mail_server_does_not_end_the_lease(harness: MailerHarness) -> None:
    harness.smtp.hang("ming@example.com", at="data")
    first, second = harness.start_mailer(), harness.start_mailer()
    published = harness.request("ming@example.com")
    wait_until(lambda: harness.state(published) == "claimed", what="the claim")
    token = harness.ledger(published)["token"]
    lease = float(harness.ledger(published)["lease"])

    wait_until(
        lambda: float(harness.ledger(published)["lease"]) > lease + 1500, what="two renewals of the lease"
    )

    assert harness.ledger(published)["token"] == token
    assert harness.smtp.script.reached["data"] == 1
    assert first.name != second.name


def test_a_queue_that_loses_its_messages_loses_no_mail(harness: MailerHarness) -> None:
    mailer = harness.mailer()
    mailer.intake.start()  # reads and queues, but no worker runs yet
    harness.request_many(5)
    wait_until(lambda: harness.pending() == 5, what="the read")
    for key in harness.client.keys("mailer:queue:*"):
        harness.client.delete(key)

    mailer.worker.start()

    harness.smtp.mailbox.wait_for(count=5)
    mailer.stop()


@pytest.mark.rule("MAIL-7", "OPS-7")
def test_the_consumer_of_a_queue_is_closed_and_replaced_while_redis_is_down(harness: MailerHarness) -> None:
    mailer = harness.mailer()
    broker = mailer.wiring.broker
    consumer = broker.consume(mailer.name, prefetch=2)
    broker.enqueue_all(broker.get_actor("deliver").message(entry_id) for entry_id in ("1-0", "2-0"))
    done, other = next(consumer), next(consumer)
    assert done is not None
    assert other is not None
    consumer.ack(done)

    harness.redis_server.stop()

    consumer.requeue([other])
    consumer.close()
    with pytest.raises(ConnectionClosed):
        next(broker.consume(mailer.name))
    mailer.wiring.client.close()


@pytest.mark.rule("OPS-4", "MAIL-7")
def test_a_mailer_without_the_thread_of_its_queue_is_not_alive(harness: MailerHarness) -> None:
    mailer = harness.start_mailer()
    server = mailer.metrics_health_server(load(Settings, harness.environ()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.start(listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/livez"
        before = httpx.get(url, trust_env=False).status_code

        mailer.worker.consumers[mailer.name].stop()
        mailer.worker.consumers[mailer.name].join(10)

        assert (before, httpx.get(url, trust_env=False).status_code) == (200, 503)
        server.stop()


@pytest.mark.rule("SEC-10")
def test_the_permissions_of_the_mailers_redis_user_suffice(
    harness: MailerHarness, start_redis: Callable[..., RedisServer]
) -> None:
    from deploy.redis.acl import roles

    server = start_redis(users={"mailer": f">secret {roles()['mailer']}", "all": ">secret ~* &* +@all"})
    other = MailerHarness(server, harness.smtp, keys=harness.keys, redis_url=server.url_for("all", "secret"))
    url = server.url_for("mailer", "secret")
    harness.smtp.refuse("bad@example.com")
    harness.smtp.refuse("late@example.com", code=450, text="4.2.0 Later", times=1)
    other.start_mailer(REDIS_URL=url)

    published = [other.request(f"{name}@example.com") for name in ("good", "bad", "late")]
    other.wait_for_state(published[2], "waiting")
    other.clock.advance(minutes=1)

    for each, state in zip(published, ("sent", "refused", "sent"), strict=True):
        other.wait_for_state(each, state)
    other.close()
