"""Dead letters are listed, shown without secrets, retried exactly once, and dropped."""

import threading
from datetime import timedelta

import pytest
from port_events import catalogue as events
from port_events.envelope import MAIL_STREAM

from mailer.adapters.redis.dead_letters import RedisDeadLetters
from mailer.usecases.dead_letters import RetryResult
from tests.mailer.commands import refuse, run_command, run_json
from tests.mailer.harness import PUBLIC_URL, MailerHarness

TOKEN, CODE = "T0kenOfTheLink", "907351"
SECRET = {"username": "number01", "link": f"{PUBLIC_URL}/email/verify?token={TOKEN}"}


@pytest.mark.rule("MAIL-5")
def test_dead_letters_are_listed_newest_first_with_the_servers_reply(harness: MailerHarness) -> None:
    harness.start_mailer()
    older = refuse(harness, "ming@example.com")
    newer = refuse(harness, "hua@example.com", "5.2.2 Mailbox full", data=events.PasswordResetRequested())

    result = run_command(harness, "dead", "list")

    head, first, second = (line.split() for line in result.stdout.splitlines())
    assert head == ["EVENT", "REFUSED", "AT", "TYPE", "ATTEMPTS", "CATEGORY", "REPLY"]
    assert (first[0], second[0]) == (newer.event.id, older.event.id)
    assert first[2:] == ["password_reset.requested", "1", "mailbox_full", "5.2.2", "Mailbox", "full"]
    assert second[2:5] == ["verification.requested", "1", "mailbox_unknown"]


@pytest.mark.rule("MAIL-5")
def test_dead_letters_are_filtered_by_type_category_and_age_and_limited(harness: MailerHarness) -> None:
    harness.start_mailer()
    unknown = refuse(harness, "ming@example.com")
    full = refuse(harness, "hua@example.com", "5.2.2 Full", data=events.PasswordResetRequested())

    def found(*filters: str) -> list[str]:
        return [each["event_id"] for each in run_json(harness, "dead", "list", *filters)]

    assert found("--type", "verification.requested") == [unknown.event.id]
    assert found("--category", "mailbox_full") == [full.event.id]
    assert found("--newer-than", "1h") == [full.event.id, unknown.event.id]
    assert found("--older-than", "1h") == []
    assert found("--limit", "1") == [full.event.id]
    assert "1 of 2 shown" in run_command(harness, "dead", "list", "--limit", "1").stderr


@pytest.mark.parametrize("age", ["2w", "999999d"])
def test_an_age_that_is_no_duration_or_too_long_is_a_usage_error(harness: MailerHarness, age: str) -> None:
    result = run_command(harness, "dead", "list", "--older-than", age)

    assert result.exit_code == 2
    assert "Invalid value for '--older-than'" in result.stderr


@pytest.mark.rule("MAIL-5", "SEC-9")
def test_a_dead_letter_is_shown_without_its_secrets(harness: MailerHarness) -> None:
    harness.start_mailer()
    text = f"5.1.1 <ming@example.com> {SECRET['link']} {CODE} unknown"
    refused = refuse(harness, "ming@example.com", text, name="錢祕密", content=SECRET)

    shown = run_json(harness, "dead", "show", refused.event.id)
    result = run_command(harness, "dead", "show", refused.event.id).output
    result += run_command(harness, "dead", "list").output

    assert shown["recipient"] == "m***@example.com"
    assert shown["type"] == refused.event.type
    assert (shown["attempts"], shown["category"]) == (1, "mailbox_unknown")
    assert shown["words"] == "5.1.1 <<address>> <link> <number> unknown"
    assert shown["expires_at"] > shown["refused_at"]
    for secret in ("ming@", TOKEN, CODE, "錢祕密", SECRET["link"]):
        assert secret not in result


@pytest.mark.rule("MAIL-5", "SEC-9")
def test_a_dead_letter_that_cannot_be_opened_is_shown_with_the_reason(harness: MailerHarness) -> None:
    harness.start_mailer()
    event = harness.event(events.VerificationRequested(kind="link"))
    published = harness.publish(event, "no sealed part")
    harness.wait_for_state(published, "refused")

    shown = run_json(harness, "dead", "show", event.id)

    assert (shown["recipient"], shown["category"]) == (None, "unreadable")
    assert "Malformed" in shown["unreadable"]


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_retried_letter_is_sent_once(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")
    harness.smtp.reset()

    first = run_command(harness, "dead", "retry", refused.event.id)
    second = run_command(harness, "dead", "retry", refused.event.id)

    assert (first.exit_code, first.stdout) == (0, f"{refused.event.id}: queued again\n")
    assert (second.exit_code, second.stdout) == (1, f"{refused.event.id}: no such dead letter\n")
    harness.wait_for_state(refused, "sent")
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count("ming@example.com") == 1
    assert [receipt["state"] for receipt in harness.receipts()] == ["refused", "sent"]
    assert harness.dead() == {}


@pytest.mark.rule("MAIL-5")
def test_a_letter_refused_again_counts_its_attempts(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")

    run_command(harness, "dead", "retry", refused.event.id)

    harness.wait_until_finished()
    harness.wait_for_state(refused, "refused")
    assert harness.dead()[refused.event.id]["attempts"] == 2


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_of_concurrent_retries_one_succeeds(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")
    harness.smtp.reset()
    dead_letters = RedisDeadLetters(harness.redis_server.client())
    letter = dead_letters.find(refused.event.id)
    assert letter is not None
    outcomes: list[RetryResult] = []

    operators = [
        threading.Thread(target=lambda: outcomes.append(dead_letters.retry(letter))) for _ in range(8)
    ]
    for each in operators:
        each.start()
    for each in operators:
        each.join()

    assert sorted(outcomes) == sorted([RetryResult.QUEUED, *[RetryResult.UNKNOWN] * 7])
    harness.wait_for_state(refused, "sent")
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_mail_recorded_as_sent_is_not_retried(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")
    harness.smtp.reset()
    harness.client.hset(f"mailer:ledger:{refused.event.id}", "state", "sent")

    result = run_command(harness, "dead", "retry", refused.event.id)

    assert result.exit_code == 1
    assert "the ledger does not have it as refused" in result.stdout
    assert (harness.pending(), harness.smtp.mailbox.count()) == (0, 0)


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_an_expired_letter_is_not_retried(harness: MailerHarness) -> None:
    # The mail is valid for a day on the mailer's clock, so it has expired on the operator's clock.
    harness.clock.advance(days=-2)
    harness.start_mailer()
    expired = refuse(harness, "ming@example.com")

    result = run_command(harness, "dead", "retry", expired.event.id)

    assert (result.exit_code, result.stdout) == (1, f"{expired.event.id}: expired, not queued\n")
    assert harness.state(expired) == "refused"
    assert expired.event.id in harness.dead()


@pytest.mark.rule("MAIL-5")
def test_a_letter_whose_event_was_trimmed_is_not_retried(harness: MailerHarness) -> None:
    harness.start_mailer()
    gone = refuse(harness, "ming@example.com")
    harness.client.xdel(MAIL_STREAM, gone.entry_id)

    result = run_command(harness, "dead", "retry", gone.event.id)

    assert result.exit_code == 1
    assert "no longer in the stream" in result.stdout
    assert "no longer in the stream" in run_command(harness, "dead", "show", gone.event.id).stdout


@pytest.mark.rule("MAIL-5")
def test_all_selected_letters_are_retried(harness: MailerHarness) -> None:
    harness.start_mailer()
    unknown = [refuse(harness, f"user{number}@example.com") for number in range(3)]
    full = refuse(harness, "full@example.com", "5.2.2 Full")
    harness.smtp.reset()

    result = run_command(harness, "dead", "retry", "--all", "--category", "mailbox_unknown")

    assert result.stdout == "3 queued again\n"
    for each in unknown:
        harness.wait_for_state(each, "sent")
    assert harness.dead().keys() == {full.event.id}


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_dropped_letter_is_deleted_for_good(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")
    harness.smtp.reset()

    dead_letters = run_command(harness, "dead", "drop", refused.event.id, answer="n\n")
    assert (dead_letters.exit_code, set(harness.dead())) == (1, {refused.event.id})
    dropped = run_command(harness, "dead", "drop", refused.event.id, "--yes")
    again = run_command(harness, "dead", "drop", refused.event.id, "--yes")

    assert (dropped.exit_code, dropped.stdout) == (0, "1 dropped\n")
    assert again.exit_code == 1
    assert "no such dead letter" in run_command(harness, "dead", "retry", refused.event.id).stdout
    harness.publish(refused.event, refused.sealed)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5")
def test_confirmation_is_requested_only_for_existing_letters(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com")

    unknown = run_command(harness, "dead", "drop", "nobody")
    one_of_two = run_command(harness, "dead", "drop", refused.event.id, "nobody", answer="y\n")

    assert (unknown.exit_code, unknown.output) == (1, "0 dropped\nnobody: no such dead letter\n")
    assert "Drop 1 dead letter(s) for good?" in one_of_two.output
    assert (one_of_two.exit_code, harness.dead()) == (1, {})


@pytest.mark.rule("MAIL-5")
def test_all_selected_letters_are_dropped_after_confirmation(harness: MailerHarness) -> None:
    harness.start_mailer()
    for number in range(3):
        refuse(harness, f"user{number}@example.com")
    full = refuse(harness, "full@example.com", "5.2.2 Full")

    result = run_command(harness, "dead", "drop", "--all", "--category", "mailbox_unknown", answer="y\n")

    assert "Drop 3 dead letter(s) for good?" in result.output
    assert result.stdout.endswith("3 dropped\n")
    assert harness.dead().keys() == {full.event.id}


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_letter_in_redelivery_cannot_be_dropped(harness: MailerHarness) -> None:
    harness.start_mailer()
    refused = refuse(harness, "ming@example.com", expires_at=harness.clock.now() + timedelta(hours=1))
    harness.smtp.reset()
    run_command(harness, "dead", "retry", refused.event.id)

    result = run_command(harness, "dead", "drop", refused.event.id, "--yes")

    assert result.exit_code == 1
    assert "0 dropped" in result.stdout
    harness.wait_for_state(refused, "sent")
    assert harness.smtp.mailbox.count() == 1


@pytest.mark.parametrize(
    "arguments",
    [["retry"], ["drop", "--yes"], ["retry", "one", "--all"], ["retry", "one", "--category", "x"]],
)
def test_letters_must_be_named_or_selected_by_all(harness: MailerHarness, arguments: list[str]) -> None:
    assert run_command(harness, "dead", *arguments).exit_code == 2


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
def test_an_unavailable_redis_is_reported_in_one_line(harness: MailerHarness, command: str) -> None:
    result = run_command(harness, *command.split(), REDIS_URL="redis://127.0.0.1:1/0")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: Redis does not answer: ConnectionError\n"
