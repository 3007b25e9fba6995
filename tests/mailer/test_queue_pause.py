"""During a pause, only mails that are being sent are finished; expiries are recorded, and no mail is lost."""

from datetime import timedelta

import pytest

from mailer.adapters.redis.queue_pause import RedisQueuePause
from mailer.process import MailerProcess
from mailer.usecases.queue_stats import PauseState
from tests.mailer.harness import MailerHarness
from tests.support.harness.polling import wait_until


@pytest.fixture
def queue_pause(harness: MailerHarness) -> RedisQueuePause:
    return RedisQueuePause(harness.client)


def pause(harness: MailerHarness, queue_pause: RedisQueuePause, *mailers: MailerProcess) -> None:
    """Pause the queue like the command, and wait until every mailer has read the pause."""
    queue_pause.pause(PauseState(harness.clock.now(), "the mail server moves"))
    for each in mailers:
        wait_until(each.wiring.pause.is_paused, what="a paused mailer")


@pytest.mark.rule("MAIL-5")
def test_a_pause_stops_every_mailer_and_a_resume_sends_each_mail_once(
    harness: MailerHarness, queue_pause: RedisQueuePause
) -> None:
    mailers = [harness.start_mailer() for _ in range(3)]
    pause(harness, queue_pause, *mailers)

    published = harness.request_many(30)
    wait_until(lambda: {harness.state(each) for each in published} == {"waiting"}, what="waiting mails")
    assert harness.smtp.mailbox.count() == 0
    queue_pause.resume()

    harness.smtp.mailbox.wait_for(count=30, timeout=5)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 30
    assert {harness.ledger(each).get("tries", "0") for each in published} == {"0"}


@pytest.mark.rule("MAIL-5")
def test_a_mail_in_flight_is_finished_during_the_pause(
    harness: MailerHarness, queue_pause: RedisQueuePause
) -> None:
    harness.smtp.hold("first@example.com", at="rcpt")
    mailer = harness.start_mailer(MAILER_THREADS="1")
    harness.request("first@example.com")
    second = harness.request("second@example.com")
    wait_until(lambda: harness.smtp.script.reached["rcpt"], what="the first mail to be in progress")

    pause(harness, queue_pause, mailer)
    harness.smtp.release()

    harness.smtp.mailbox.wait_for("first@example.com")
    harness.wait_for_state(second, "waiting")
    assert harness.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_paused_mail_that_expires_is_recorded_as_expired_during_the_pause(
    harness: MailerHarness, queue_pause: RedisQueuePause
) -> None:
    pause(harness, queue_pause, harness.start_mailer())
    published = harness.request("ming@example.com", expires_at=harness.clock.now() + timedelta(minutes=10))
    harness.wait_for_state(published, "waiting")

    harness.clock.advance(minutes=11)

    harness.wait_for_state(published, "expired")
    assert [receipt["state"] for receipt in harness.receipts()] == ["expired"]
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_a_mailer_that_starts_during_the_pause_sends_nothing(
    harness: MailerHarness, queue_pause: RedisQueuePause
) -> None:
    published = harness.request_many(10)
    pause(harness, queue_pause)

    harness.start_mailer()

    wait_until(lambda: {harness.state(each) for each in published} == {"waiting"}, what="waiting mails")
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_mails_of_a_mailer_stopped_during_the_pause_are_sent_by_another(
    harness: MailerHarness, queue_pause: RedisQueuePause
) -> None:
    stopped = harness.mailer()
    stopped.start()
    pause(harness, queue_pause, stopped)
    published = harness.request_many(10)
    wait_until(lambda: {harness.state(each) for each in published} == {"waiting"}, what="waiting mails")
    stopped.stop()
    queue_pause.resume()

    harness.start_mailer()

    harness.smtp.mailbox.wait_for(count=10)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 10
