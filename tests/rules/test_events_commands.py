"""Operators inspect the outbox and replay events (EVT-2, EVT-6, MAIL-3)."""

from typing import Any

import pytest
from port_events.envelope import MAIL_STREAM

from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System


def _ask(system: System, *arguments: str) -> Any:
    return json_output(invoke(system, "events", *arguments, "--json"))


@pytest.mark.rule("EVT-6")
def test_status_shows_positions_and_backlog(system: System) -> None:
    system.register()
    system.wait_for_mails()
    system.register()

    figures = _ask(system, "status")

    assert (figures["oldest"], figures["newest"], figures["pending"], figures["mails_waiting"]) == (
        1,
        2,
        2,
        1,
    )
    assert "pending:  2" in invoke(system, "events", "status").output


@pytest.mark.rule("EVT-6", "EVT-4")
def test_events_are_listed_and_shown_without_their_sealed_part(system: System) -> None:
    first, second = system.register(), system.register()
    system.wait_for_mails()

    listed = _ask(system, "list", "--after", "1", "--type", "verification.requested")
    of_one = _ask(system, "list", "--subject", first.id)
    shown = _ask(system, "show", listed[0]["event_id"])
    missing = invoke(system, "events", "show", "nothing")

    assert [row["position"] for row in listed] == [2, 4]
    assert {row["subject"] for row in of_one} == {first.id}
    assert (shown["subject"], shown["mail_state"], shown["event"]["id"]) == (
        first.id,
        "sent",
        shown["event_id"],
    )
    assert "sealed" not in shown
    assert second.username not in str(shown)
    assert missing.exit_code == 1


@pytest.mark.rule("EVT-6")
def test_events_can_be_printed_as_lines(system: System) -> None:
    person = system.register()
    system.wait_for_mails()
    newest = _ask(system, "list")[0]

    listed = invoke(system, "events", "list").stdout.splitlines()
    shown = invoke(system, "events", "show", newest["event_id"]).stdout
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines())

    row = ["1", newest["published_at"], "account.registered", person.id, newest["event_id"], "-"]
    assert listed[1].split() == row
    assert (lines["published_at"], lines["mail_at"]) == (newest["published_at"], "-")
    assert (lines["event.subject"], lines["event.data.username"]) == (person.id, person.username)


@pytest.mark.rule("EVT-2", "EVT-7", "MAIL-3")
def test_replay_publishes_again_with_the_same_ids_and_sends_no_mail_twice(system: System) -> None:
    person = system.register()
    system.wait_for_mails()
    system.clock.advance(days=30)

    replayed = _ask(system, "replay", "--after", "1")
    system.publish()

    entries, mails = system.entries(), system.entries(MAIL_STREAM)
    assert replayed == {"after": 1, "before": 2}
    assert [entry.position for entry in entries] == [1, 2, 2]
    assert entries[1].event == entries[2].event
    assert [entry.position for entry in mails] == [2]
    assert system.mailbox.count(person.email) == 1


@pytest.mark.rule("EVT-2")
def test_replay_after_the_last_published_position_changes_nothing(system: System) -> None:
    system.register()
    system.publish()

    ended = invoke(system, "events", "replay", "--after", "5")

    assert "nothing to publish again: the stream ends at position 2\n" in ended.output
    assert system.publish() == 0
