"""`mailer queue` counts correctly for any number of mailers, and pauses the queue."""

from typing import Any

import pytest
from port_events import catalogue as events
from port_events.envelope import MAIL_STREAM

from tests.mailer.commands import refuse, run_command, run_json
from tests.mailer.harness import MailerHarness
from tests.support.harness.polling import wait_until


def counts(stats: Any) -> tuple[int, int, int]:
    return stats["waiting"], stats["in_flight"], stats["delayed"]


def pending_counts(harness: MailerHarness) -> list[int]:
    members: Any = harness.client.xinfo_consumers(MAIL_STREAM, "mailer")
    return [int(each["pending"]) for each in members]


@pytest.mark.rule("MAIL-5")
def test_an_empty_queue_is_shown_before_any_mailer_has_run(harness: MailerHarness) -> None:
    stats = run_json(harness, "queue")

    assert counts(stats) == (0, 0, 0)
    assert (stats["oldest_seconds"], stats["types"], stats["mailers"]) == (None, [], [])


@pytest.mark.rule("MAIL-5")
def test_unread_mails_are_counted_as_waiting_by_type(harness: MailerHarness) -> None:
    harness.request_many(3)
    harness.request("ming@example.com", events.PasswordResetRequested())
    harness.publish(harness.event(events.AccountSuspended()), None)  # an event without a mail

    stats = run_json(harness, "queue")

    assert counts(stats) == (4, 0, 0)
    assert {each["type"]: each["waiting"] for each in stats["types"]} == {
        "tw.port.identity.verification.requested": 3,
        "tw.port.identity.password_reset.requested": 1,
    }
    assert 0 <= stats["oldest_seconds"] < 60


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_counts_are_correct_with_several_mailers(harness: MailerHarness) -> None:
    harness.smtp.refuse("late@example.com", code=452, text="4.2.2 Full")
    harness.smtp.refuse("dead@example.com")
    harness.smtp.hang()
    mailers = [harness.start_mailer(MAILER_THREADS="1") for _ in range(3)]
    late = harness.request("late@example.com")
    refused = harness.request("dead@example.com")
    harness.wait_for_state(late, "waiting")
    harness.wait_for_state(refused, "refused")

    harness.request_many(100)
    wait_until(lambda: min(pending_counts(harness)) > 1, what="three mailers with mails in progress")
    stats = run_json(harness, "queue")

    assert sum(counts(stats)) == 101
    assert stats["delayed"] == 1
    assert 3 <= stats["in_flight"] <= 3 * 16
    assert stats["dead"] == 1
    assert {each["name"] for each in stats["mailers"]} == {each.name for each in mailers}
    assert sum(each["holds"] for each in stats["mailers"]) == stats["in_flight"] + 1


@pytest.mark.rule("MAIL-5")
def test_entries_released_by_a_stopped_mailer_are_waiting(harness: MailerHarness) -> None:
    mailer = harness.mailer(MAILER_THREADS="1")
    mailer.intake.start()  # reads and claims, but no worker runs
    harness.request_many(5)
    wait_until(lambda: run_json(harness, "queue")["in_flight"] == 5, what="five claims")

    mailer.stop()

    stats = run_json(harness, "queue")
    assert counts(stats) == (5, 0, 0)
    assert [(each["name"], each["holds"]) for each in stats["mailers"]] == [("handed-back", 5)]


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_entries_of_a_dead_mailer_are_waiting_after_its_lease(harness: MailerHarness) -> None:
    mailer = harness.mailer(MAILER_THREADS="1")
    mailer.intake.start()  # reads and claims, but no worker runs
    published = harness.request("ming@example.com")
    harness.wait_for_state(published, "claimed")
    mailer.intake.stop()

    harness.client.hset(f"mailer:ledger:{published.event.id}", "lease", "1")

    assert counts(run_json(harness, "queue")) == (1, 0, 0)
    mailer.stop()


@pytest.mark.rule("MAIL-5")
def test_the_queue_is_paused_and_resumed_by_command(harness: MailerHarness) -> None:
    mailer = harness.start_mailer()

    paused = run_command(harness, "queue", "pause", "--reason", "the mail server moves")
    again = run_command(harness, "queue", "pause", "--reason", "another operator")
    wait_until(mailer.wiring.pause.is_paused, what="the pause")
    published = harness.request("ming@example.com")
    harness.wait_for_state(published, "waiting")
    stats = run_json(harness, "queue")
    text = run_command(harness, "queue").stdout
    resumed, twice = run_command(harness, "queue", "resume"), run_command(harness, "queue", "resume")

    assert paused.stdout.startswith("paused since 20")
    assert again.stdout == f"already {paused.stdout}"
    assert stats["paused"]["reason"] == "the mail server moves"
    assert paused.stdout.startswith(f"paused since {stats['paused']['since']}: ")
    assert counts(stats) == (1, 0, 0)
    assert paused.stdout in text
    assert (resumed.stdout, twice.stdout) == ("resumed\n", "was not paused\n")
    harness.smtp.mailbox.wait_for("ming@example.com", timeout=4)


@pytest.mark.rule("MAIL-5")
def test_throttled_domains_are_shown(harness: MailerHarness) -> None:
    harness.start_mailer(MAILER_DOMAIN_CEILINGS="busy.example=1")
    published = harness.request_many(3, domain="busy.example")
    wait_until(
        lambda: [harness.state(each) for each in published].count("waiting") == 2, what="two waiting mails"
    )

    stats = run_json(harness, "queue")

    assert stats["over_ceiling"] == [{"domain": "busy.example", "waiting": 2}]
    assert stats["delayed"] == 2
    assert "over its rate limit: busy.example, 2 waiting" in run_command(harness, "queue").stdout


@pytest.mark.rule("MAIL-5")
def test_the_table_is_aligned(harness: MailerHarness) -> None:
    harness.start_mailer()
    refuse(harness, "ming@example.com")
    harness.smtp.hang()
    harness.request_many(12)
    wait_until(lambda: harness.pending() == 12, what="the claims")

    head, row, total, *_ = run_command(harness, "queue").stdout.splitlines()

    assert head.split() == ["TYPE", "WAITING", "IN", "FLIGHT", "DELAYED", "OLDEST"]
    assert row.split()[:4] == ["verification.requested", "0", "12", "0"]
    assert total.split()[:4] == ["all", "0", "12", "0"]
    assert head.index("FLIGHT") + len("FLIGHT") == row.index("12") + 2 == total.index("12") + 2


@pytest.mark.rule("MAIL-5")
def test_a_long_backlog_is_counted_to_its_end(harness: MailerHarness) -> None:
    event = harness.event(events.VerificationRequested(kind="link"))
    with harness.client.pipeline() as many:
        for _ in range(2500):
            many.xadd(MAIL_STREAM, {"ce": "{}", "type": event.type, "sealed": "x"})
        many.execute()

    assert run_json(harness, "queue")["waiting"] == 2500
