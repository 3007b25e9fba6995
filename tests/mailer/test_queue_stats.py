"""`mailer queue`: figures that are true for any number of mailers, and its pause."""

from typing import Any

import pytest
from port_events import catalogue as events

from tests.mailer.commands import refuse, run_command, run_json
from tests.mailer.harness import MailerHarness
from tests.support.harness.waiting import wait_until


def counts(figures: Any) -> tuple[int, int, int]:
    return figures["waiting"], figures["in_flight"], figures["delayed"]


def held(world: MailerHarness) -> list[int]:
    members: Any = world.client.xinfo_consumers("identity.events", "mailer")
    return [int(each["pending"]) for each in members]


@pytest.mark.rule("MAIL-5")
def test_an_empty_queue_is_shown_before_any_mailer_has_run(world: MailerHarness) -> None:
    figures = run_json(world, "queue")

    assert counts(figures) == (0, 0, 0)
    assert (figures["oldest_seconds"], figures["types"], figures["mailers"]) == (None, [], [])


@pytest.mark.rule("MAIL-5")
def test_what_no_mailer_has_read_waits_by_type(world: MailerHarness) -> None:
    world.request_many(3)
    world.request("ming@example.com", events.PasswordResetRequested())
    world.publish(world.event(events.AccountSuspended()), None)  # no mail

    figures = run_json(world, "queue")

    assert counts(figures) == (4, 0, 0)
    assert {each["type"]: each["waiting"] for each in figures["types"]} == {
        "tw.port.identity.verification.requested": 3,
        "tw.port.identity.password_reset.requested": 1,
    }
    assert 0 <= figures["oldest_seconds"] < 60


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_figures_are_true_under_several_mailers(world: MailerHarness) -> None:
    world.smtp.refuse("late@example.com", code=452, text="4.2.2 Full")
    world.smtp.refuse("dead@example.com")
    world.smtp.hang()
    mailers = [world.start_mailer(MAILER_THREADS="1") for _ in range(3)]
    late = world.request("late@example.com")
    refused = world.request("dead@example.com")
    world.wait_for_state(late, "waiting")
    world.wait_for_state(refused, "refused")

    world.request_many(100)
    wait_until(lambda: min(held(world)) > 1, what="three mailers with work in hand")
    figures = run_json(world, "queue")

    assert sum(counts(figures)) == 101
    assert figures["delayed"] == 1
    assert 3 <= figures["in_flight"] <= 3 * 16
    assert figures["dead"] == 1
    assert {each["name"] for each in figures["mailers"]} == {each.name for each in mailers}
    assert sum(each["holds"] for each in figures["mailers"]) == figures["in_flight"] + 1


@pytest.mark.rule("MAIL-5")
def test_what_a_stopped_mailer_handed_back_waits(world: MailerHarness) -> None:
    mailer = world.mailer(MAILER_THREADS="1")
    mailer.intake.start()  # reads and claims; nobody works
    world.request_many(5)
    wait_until(lambda: run_json(world, "queue")["in_flight"] == 5, what="five claims")

    mailer.stop()

    figures = run_json(world, "queue")
    assert counts(figures) == (5, 0, 0)
    assert [(each["name"], each["holds"]) for each in figures["mailers"]] == [("handed-back", 5)]


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_what_a_dead_mailer_claimed_waits_once_its_lease_is_over(world: MailerHarness) -> None:
    mailer = world.mailer(MAILER_THREADS="1")
    mailer.intake.start()  # reads and claims; nobody works
    published = world.request("ming@example.com")
    world.wait_for_state(published, "claimed")
    mailer.intake.stop()

    world.client.hset(f"mailer:ledger:{published.event.id}", "lease", "1")

    assert counts(run_json(world, "queue")) == (1, 0, 0)
    mailer.stop()


@pytest.mark.rule("MAIL-5")
def test_the_queue_is_paused_and_resumed_by_command(world: MailerHarness) -> None:
    mailer = world.start_mailer()

    paused = run_command(world, "queue", "pause", "--reason", "the mail server moves")
    again = run_command(world, "queue", "pause", "--reason", "another operator")
    wait_until(mailer.wiring.pause.is_paused, what="the pause", timeout_seconds=2.5)
    published = world.request("ming@example.com")
    world.wait_for_state(published, "waiting")
    figures = run_json(world, "queue")
    told = run_command(world, "queue").stdout
    resumed, twice = run_command(world, "queue", "resume"), run_command(world, "queue", "resume")

    assert paused.stdout.startswith("paused since 20")
    assert again.stdout == f"already {paused.stdout}"
    assert figures["paused"]["reason"] == "the mail server moves"
    assert paused.stdout.startswith(f"paused since {figures['paused']['since']}: ")
    assert counts(figures) == (1, 0, 0)
    assert paused.stdout in told
    assert (resumed.stdout, twice.stdout) == ("resumed\n", "was not paused\n")
    world.smtp.mailbox.wait_for("ming@example.com", timeout=4)


@pytest.mark.rule("MAIL-5")
def test_domains_over_their_ceiling_are_shown(world: MailerHarness) -> None:
    world.start_mailer(MAILER_DOMAIN_CEILINGS="busy.example=1")
    published = world.request_many(3, domain="busy.example")
    wait_until(lambda: [world.state(each) for each in published].count("waiting") == 2, what="two that wait")

    figures = run_json(world, "queue")

    assert figures["over_ceiling"] == [{"domain": "busy.example", "waiting": 2}]
    assert figures["delayed"] == 2
    assert "over its ceiling: busy.example, 2 with a turn to come" in run_command(world, "queue").stdout


@pytest.mark.rule("MAIL-5")
def test_the_table_is_aligned(world: MailerHarness) -> None:
    world.start_mailer()
    refuse(world, "ming@example.com")
    world.smtp.hang()
    world.request_many(12)
    wait_until(lambda: world.pending() == 12, what="the claims")

    head, row, total, *_ = run_command(world, "queue").stdout.splitlines()

    assert head.split() == ["TYPE", "WAITING", "IN", "FLIGHT", "DELAYED", "OLDEST"]
    assert row.split()[:4] == ["verification.requested", "0", "12", "0"]
    assert total.split()[:4] == ["all", "0", "12", "0"]
    assert head.index("FLIGHT") + len("FLIGHT") == row.index("12") + 2 == total.index("12") + 2


@pytest.mark.rule("MAIL-5")
def test_a_long_backlog_is_counted_to_its_end(world: MailerHarness) -> None:
    event = world.event(events.VerificationRequested(kind="link"))
    with world.client.pipeline() as many:
        for _ in range(2500):
            many.xadd("identity.events", {"ce": "{}", "type": event.type, "sealed": "x"})
        many.execute()

    assert run_json(world, "queue")["waiting"] == 2500
