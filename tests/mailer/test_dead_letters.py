"""Dead letters in operators' hands: listed, read without secrets, retried exactly once, dropped."""

import threading
from datetime import timedelta

import pytest
from port_events import catalogue as events

from mailer.adapters.redis.dead_letters import RedisDeadLetters
from mailer.usecases.dead_letters import RetryResult
from tests.mailer.commands import refuse, run_command, run_json
from tests.mailer.harness import PUBLIC_URL, MailerHarness

TOKEN, CODE = "T0kenOfTheLink", "907351"
SECRET = {"username": "number01", "link": f"{PUBLIC_URL}/email/verify?token={TOKEN}"}


@pytest.mark.rule("MAIL-5")
def test_dead_letters_are_listed_newest_first_with_the_servers_words(world: MailerHarness) -> None:
    world.start_mailer()
    older = refuse(world, "ming@example.com")
    newer = refuse(world, "hua@example.com", "5.2.2 Mailbox full", data=events.PasswordResetRequested())

    told = run_command(world, "dead", "list")

    head, first, second = (line.split() for line in told.stdout.splitlines())
    assert head == ["EVENT", "REFUSED", "AT", "TYPE", "ATTEMPTS", "CATEGORY", "WORDS"]
    assert (first[0], second[0]) == (newer.event.id, older.event.id)
    assert first[2:] == ["password_reset.requested", "1", "mailbox_full", "5.2.2", "Mailbox", "full"]
    assert second[2:5] == ["verification.requested", "1", "mailbox_unknown"]


@pytest.mark.rule("MAIL-5")
def test_dead_letters_are_found_by_type_category_and_age_and_bounded(world: MailerHarness) -> None:
    world.start_mailer()
    unknown = refuse(world, "ming@example.com")
    full = refuse(world, "hua@example.com", "5.2.2 Full", data=events.PasswordResetRequested())

    def found(*filters: str) -> list[str]:
        return [each["event_id"] for each in run_json(world, "dead", "list", *filters)]

    assert found("--type", "verification.requested") == [unknown.event.id]
    assert found("--category", "mailbox_full") == [full.event.id]
    assert found("--newer-than", "1h") == [full.event.id, unknown.event.id]
    assert found("--older-than", "1h") == []
    assert found("--limit", "1") == [full.event.id]
    assert "1 of 2 shown" in run_command(world, "dead", "list", "--limit", "1").stderr


@pytest.mark.rule("MAIL-5", "SEC-9")
def test_a_dead_letter_is_shown_without_its_secrets(world: MailerHarness) -> None:
    world.start_mailer()
    words = f"5.1.1 <ming@example.com> {SECRET['link']} {CODE} unknown"
    refused = refuse(world, "ming@example.com", words, name="錢祕密", content=SECRET)

    shown = run_json(world, "dead", "show", refused.event.id)
    told = run_command(world, "dead", "show", refused.event.id).output
    told += run_command(world, "dead", "list").output

    assert shown["recipient"] == "m•••@example.com"
    assert shown["type"] == refused.event.type
    assert (shown["attempts"], shown["category"]) == (1, "mailbox_unknown")
    assert shown["words"] == "5.1.1 <<address>> <link> <number> unknown"
    assert shown["expires_at"] > shown["refused_at"]
    for secret in ("ming@", TOKEN, CODE, "錢祕密", SECRET["link"]):
        assert secret not in told


@pytest.mark.rule("MAIL-5", "SEC-9")
def test_a_dead_letter_that_cannot_be_opened_is_shown_with_the_reason(world: MailerHarness) -> None:
    world.start_mailer()
    event = world.event(events.VerificationRequested(kind="link"))
    published = world.publish(event, "no sealed part")
    world.wait_for_state(published, "refused")

    shown = run_json(world, "dead", "show", event.id)

    assert (shown["recipient"], shown["category"]) == (None, "unreadable")
    assert "Malformed" in shown["unreadable"]


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_retried_letter_is_sent_once(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")
    world.smtp.reset()

    first = run_command(world, "dead", "retry", refused.event.id)
    second = run_command(world, "dead", "retry", refused.event.id)

    assert (first.exit_code, first.stdout) == (0, f"{refused.event.id}: queued again\n")
    assert (second.exit_code, second.stdout) == (1, f"{refused.event.id}: no such dead letter\n")
    world.wait_for_state(refused, "sent")
    world.wait_until_finished()
    assert world.smtp.mailbox.count("ming@example.com") == 1
    assert [receipt["state"] for receipt in world.receipts()] == ["refused", "sent"]
    assert world.dead() == {}


@pytest.mark.rule("MAIL-5")
def test_a_letter_refused_again_is_dead_again_with_its_attempts(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")

    run_command(world, "dead", "retry", refused.event.id)

    world.wait_until_finished()
    world.wait_for_state(refused, "refused")
    assert world.dead()[refused.event.id]["attempts"] == 2


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_of_operators_who_retry_at_once_one_does(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")
    world.smtp.reset()
    kept = RedisDeadLetters(world.redis_server.client(), stream="identity.events")
    letter = kept.find(refused.event.id)
    assert letter is not None
    outcomes: list[RetryResult] = []

    operators = [threading.Thread(target=lambda: outcomes.append(kept.retry(letter))) for _ in range(8)]
    for each in operators:
        each.start()
    for each in operators:
        each.join()

    assert sorted(outcomes) == sorted([RetryResult.QUEUED, *[RetryResult.UNKNOWN] * 7])
    world.wait_for_state(refused, "sent")
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_what_the_ledger_knows_as_accepted_is_not_retried(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")
    world.smtp.reset()
    world.client.hset(f"mailer:ledger:{refused.event.id}", "state", "sent")

    told = run_command(world, "dead", "retry", refused.event.id)

    assert told.exit_code == 1
    assert "the ledger does not have it as refused" in told.stdout
    assert (world.pending(), world.smtp.mailbox.count()) == (0, 0)


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_an_expired_letter_is_not_retried_but_told_so(world: MailerHarness) -> None:
    world.clock.advance(days=-2)  # valid for a day of the mailer's time, which is over for the operator
    world.start_mailer()
    expired = refuse(world, "ming@example.com")

    told = run_command(world, "dead", "retry", expired.event.id)

    assert (told.exit_code, told.stdout) == (1, f"{expired.event.id}: expired, not queued\n")
    assert world.state(expired) == "refused"
    assert expired.event.id in world.dead()


@pytest.mark.rule("MAIL-5")
def test_a_letter_whose_event_has_left_the_stream_is_told_so(world: MailerHarness) -> None:
    world.start_mailer()
    gone = refuse(world, "ming@example.com")
    world.client.xdel("identity.events", gone.entry_id)

    told = run_command(world, "dead", "retry", gone.event.id)

    assert told.exit_code == 1
    assert "no longer in the stream" in told.stdout
    assert "no longer in the stream" in run_command(world, "dead", "show", gone.event.id).stdout


@pytest.mark.rule("MAIL-5")
def test_all_that_the_filters_leave_are_retried(world: MailerHarness) -> None:
    world.start_mailer()
    unknown = [refuse(world, f"user{number}@example.com") for number in range(3)]
    full = refuse(world, "full@example.com", "5.2.2 Full")
    world.smtp.reset()

    told = run_command(world, "dead", "retry", "--all", "--category", "mailbox_unknown")

    assert told.stdout == "3 queued again\n"
    for each in unknown:
        world.wait_for_state(each, "sent")
    assert world.dead().keys() == {full.event.id}


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_dropped_letter_is_gone_for_good(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")
    world.smtp.reset()

    kept = run_command(world, "dead", "drop", refused.event.id, answer="n\n")
    assert (kept.exit_code, set(world.dead())) == (1, {refused.event.id})
    dropped = run_command(world, "dead", "drop", refused.event.id, "--yes")
    again = run_command(world, "dead", "drop", refused.event.id, "--yes")

    assert (dropped.exit_code, dropped.stdout) == (0, "1 dropped\n")
    assert again.exit_code == 1
    assert "no such dead letter" in run_command(world, "dead", "retry", refused.event.id).stdout
    world.publish(refused.event, refused.sealed)
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5")
def test_only_what_is_there_is_asked_about_before_it_is_dropped(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com")

    unknown = run_command(world, "dead", "drop", "nobody")
    one_of_two = run_command(world, "dead", "drop", refused.event.id, "nobody", answer="y\n")

    assert (unknown.exit_code, unknown.output) == (1, "0 dropped\nnobody: no such dead letter\n")
    assert "Drop 1 dead letter(s) for good?" in one_of_two.output
    assert (one_of_two.exit_code, world.dead()) == (1, {})


@pytest.mark.rule("MAIL-5")
def test_all_that_the_filters_leave_are_dropped_once_confirmed(world: MailerHarness) -> None:
    world.start_mailer()
    for number in range(3):
        refuse(world, f"user{number}@example.com")
    full = refuse(world, "full@example.com", "5.2.2 Full")

    told = run_command(world, "dead", "drop", "--all", "--category", "mailbox_unknown", answer="y\n")

    assert "Drop 3 dead letter(s) for good?" in told.output
    assert told.stdout.endswith("3 dropped\n")
    assert world.dead().keys() == {full.event.id}


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_letter_that_is_being_delivered_again_cannot_be_dropped(world: MailerHarness) -> None:
    world.start_mailer()
    refused = refuse(world, "ming@example.com", expires_at=world.clock.now() + timedelta(hours=1))
    world.smtp.reset()
    run_command(world, "dead", "retry", refused.event.id)

    told = run_command(world, "dead", "drop", refused.event.id, "--yes")

    assert told.exit_code == 1
    assert "0 dropped" in told.stdout
    world.wait_for_state(refused, "sent")
    assert world.smtp.mailbox.count() == 1


@pytest.mark.parametrize(
    "arguments",
    [["retry"], ["drop", "--yes"], ["retry", "one", "--all"], ["retry", "one", "--category", "x"]],
)
def test_it_must_be_clear_which_letters_are_meant(world: MailerHarness, arguments: list[str]) -> None:
    assert run_command(world, "dead", *arguments).exit_code == 2


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize(
    "command",
    [
        "dead list",
        "dead show one",
        "dead retry one",
        "dead drop one --yes",
        "queue",
        "queue pause",
        "queue resume",
    ],
)
def test_a_redis_that_is_away_is_told_in_one_line(world: MailerHarness, command: str) -> None:
    told = run_command(world, *command.split(), REDIS_URL="redis://127.0.0.1:1/0")

    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr == "Error: Redis does not answer: ConnectionError\n"
