"""The queue paused by an operator: nothing more is sent, nothing is lost, expiry is recorded in time."""

from datetime import timedelta

import pytest

from mailer.adapters.redis.pause import RedisQueuePause
from mailer.process import MailerProcess
from mailer.usecases.queue_stats import PauseState
from tests.mailer.harness import MailerHarness
from tests.support.harness.waiting import wait_until


@pytest.fixture
def hold(world: MailerHarness) -> RedisQueuePause:
    return RedisQueuePause(world.client)


def pause(world: MailerHarness, hold: RedisQueuePause, *mailers: MailerProcess) -> None:
    """Pause as the command does, until every mailer has seen it."""
    hold.pause(PauseState(world.clock.now(), "the mail server moves"))
    for each in mailers:
        wait_until(each.wiring.pause.is_paused, what="a mailer that heeds the pause", timeout_seconds=2.5)


@pytest.mark.rule("MAIL-5")
def test_a_pause_stops_every_mailer_and_a_resume_sends_each_mail_once(
    world: MailerHarness, hold: RedisQueuePause
) -> None:
    mailers = [world.start_mailer() for _ in range(3)]
    pause(world, hold, *mailers)

    published = world.request_many(30)
    wait_until(lambda: {world.state(each) for each in published} == {"waiting"}, what="mails that wait")
    assert world.smtp.mailbox.count() == 0
    hold.resume()

    world.smtp.mailbox.wait_for(count=30, timeout=5)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 30
    assert {world.ledger(each).get("tries", "0") for each in published} == {"0"}


@pytest.mark.rule("MAIL-5")
def test_what_is_in_flight_when_the_pause_comes_is_finished(
    world: MailerHarness, hold: RedisQueuePause
) -> None:
    world.smtp.hold("first@example.com", at="rcpt")
    mailer = world.start_mailer(MAILER_THREADS="1")
    world.request("first@example.com")
    second = world.request("second@example.com")
    wait_until(lambda: world.smtp.script.reached["rcpt"], what="the first mail to be under way")

    pause(world, hold, mailer)
    world.smtp.release()

    world.smtp.mailbox.wait_for("first@example.com")
    world.wait_for_state(second, "waiting")
    assert world.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_paused_mail_that_expires_is_recorded_as_expired_during_the_pause(
    world: MailerHarness, hold: RedisQueuePause
) -> None:
    pause(world, hold, world.start_mailer())
    published = world.request("ming@example.com", expires_at=world.clock.now() + timedelta(minutes=10))
    world.wait_for_state(published, "waiting")

    world.clock.advance(minutes=11)

    world.wait_for_state(published, "expired")
    assert [receipt["state"] for receipt in world.receipts()] == ["expired"]
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_a_mailer_that_starts_during_the_pause_sends_nothing(
    world: MailerHarness, hold: RedisQueuePause
) -> None:
    published = world.request_many(10)
    pause(world, hold)

    world.start_mailer()

    wait_until(lambda: {world.state(each) for each in published} == {"waiting"}, what="mails that wait")
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_what_a_mailer_held_during_the_pause_is_sent_by_another_after_it(
    world: MailerHarness, hold: RedisQueuePause
) -> None:
    stopped = world.mailer()
    stopped.start()
    pause(world, hold, stopped)
    published = world.request_many(10)
    wait_until(lambda: {world.state(each) for each in published} == {"waiting"}, what="mails that wait")
    stopped.stop()
    hold.resume()

    world.start_mailer()

    world.smtp.mailbox.wait_for(count=10)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 10
