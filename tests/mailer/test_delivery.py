"""Deliveries from a real Redis stream to a real mail server."""

from datetime import timedelta

import pytest
from port_events import catalogue as events
from port_events.catalogue import EventData
from port_events.envelope import MAIL_STREAM
from port_events.sealing import Sealer, new_key_sets

from mailer.adapters.mail_texts import samples
from mailer.domain.mail_kinds import MAILS
from tests.mailer.harness import LINK, PUBLIC_URL, MailerHarness
from tests.support.harness.polling import wait_until

NO_MAIL = [events.AccountSuspended(), events.AccountProfileChanged(fields=("mobile",))]
IDS = {"binding_id": "b", "link_account_id": "l"}
EXAMPLES: dict[EventData, str] = {
    events.VerificationRequested(kind="general"): "registration_general",
    events.VerificationRequested(kind="link"): "registration_link",
    events.RegistrationConflicted(): "mailbox_already_registered",
    events.BindCodeIssued(**IDS): "bind_code",
    events.BindingVerified(**IDS): "binding_verified",
    events.BindingRemoved(**IDS, reason="link"): "binding_removed",
    events.EmailChangeRequested(): "email_change",
    events.EmailChangeAnnounced(): "email_change_notice",
    events.EmailChangeCancelled(): "email_change_cancelled",
    events.AccountEmailChanged(): "email_changed",
    events.PasswordResetRequested(): "password_reset",
    events.UsernamesRequested(): "usernames",
    events.AccountPasswordChanged(reason="changed"): "password_changed",
    events.AccountApproved(kind="link"): "approved",
    events.AccountRejected(kind="link"): "rejected",
}


@pytest.mark.rule("MAIL-3", "VER-1")
def test_a_requested_mail_arrives_once_and_has_a_receipt(harness: MailerHarness) -> None:
    harness.start_mailer()

    published = harness.request("ming@example.com")

    (mail,) = harness.smtp.mailbox.wait_for("ming@example.com")
    assert mail.link == LINK
    harness.wait_until_finished()
    assert harness.receipts() == [
        {
            "event_id": published.event.id,
            "state": "sent",
            "at": harness.ledger(published)["at"],
            "category": "",
        }
    ]


@pytest.mark.rule("MAIL-1", "EVT-1")
def test_every_event_with_a_mail_is_mailed(harness: MailerHarness) -> None:
    harness.start_mailer()

    for data, name in EXAMPLES.items():
        harness.request(f"{name}@example.com", data, content=next(samples(name, PUBLIC_URL)).content)

    mails = harness.smtp.mailbox.wait_for(count=len(MAILS))
    assert {mail.to.partition("@")[0] for mail in mails} == MAILS.keys()
    assert all(mail.text and mail.html and not mail.message.defects for mail in mails)


@pytest.mark.rule("MAIL-2")
def test_sender_and_reply_address_come_from_the_settings(harness: MailerHarness) -> None:
    harness.start_mailer(MAILER_FROM="通行證 <pass@port.example.tw>", MAILER_REPLY_TO="help@port.example.tw")

    published = harness.request("ming@example.com")

    (mail,) = harness.smtp.mailbox.wait_for("ming@example.com")
    assert mail.sender == "pass@port.example.tw"
    assert mail.headers["From"] == "通行證 <pass@port.example.tw>"
    assert mail.headers["Reply-To"] == "help@port.example.tw"
    assert mail.headers["Message-ID"] == f"<{published.event.id}@port.example.tw>"
    assert "請直接回覆本信" in mail.text


def test_events_without_a_mail_are_acknowledged(harness: MailerHarness) -> None:
    harness.start_mailer()

    for data in NO_MAIL:
        harness.publish(harness.event(data), "sealed")

    harness.wait_until_finished()
    assert harness.receipts() == []
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("EVT-7")
def test_a_mail_without_its_sealed_part_is_refused_as_unreadable(harness: MailerHarness) -> None:
    harness.start_mailer()

    published = harness.publish(harness.event(events.VerificationRequested(kind="link")), None)

    harness.wait_for_state(published, "refused")
    assert harness.dead()[published.event.id]["category"] == "unreadable"


def test_a_malformed_entry_does_not_block_the_others(harness: MailerHarness) -> None:
    harness.client.xadd(MAIL_STREAM, {"nonsense": "1"})
    harness.client.xadd(MAIL_STREAM, {"ce": "{", "type": "x"})
    harness.start_mailer()

    harness.request("ming@example.com")

    harness.smtp.mailbox.wait_for("ming@example.com")
    harness.wait_until_finished()


@pytest.mark.rule("MAIL-3")
def test_an_event_published_again_is_not_mailed_again(harness: MailerHarness) -> None:
    harness.start_mailer()
    published = harness.request("ming@example.com")
    harness.smtp.mailbox.wait_for("ming@example.com")

    for _ in range(5):
        harness.publish(published.event, published.sealed)

    harness.wait_until_finished()
    assert harness.smtp.mailbox.count("ming@example.com") == 1
    assert len(harness.receipts()) == 1


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_several_mailers_send_each_mail_once_although_it_was_published_three_times(
    harness: MailerHarness,
) -> None:
    published = harness.request_many(60)
    for _ in range(2):
        for each in published:
            harness.publish(each.event, each.sealed)

    for _ in range(3):
        harness.start_mailer()

    harness.wait_until_finished(timeout_seconds=30)
    assert harness.smtp.mailbox.count() == 60
    assert len(harness.receipts()) == 60


@pytest.mark.rule("MAIL-3")
def test_a_message_repeated_by_the_queue_is_not_mailed_again(harness: MailerHarness) -> None:
    mailer = harness.start_mailer()
    harness.smtp.hang("ming@example.com", times=1)
    published = harness.request("ming@example.com")
    wait_until(lambda: harness.state(published) == "claimed", what="the claim")
    (actor,) = mailer.wiring.broker.actors.values()

    for _ in range(5):
        actor.send(published.entry_id)
    harness.request("hua@example.com")
    harness.smtp.mailbox.wait_for("hua@example.com")
    harness.smtp.stop()
    harness.smtp.reset()
    harness.smtp.start()

    harness.clock.advance(minutes=1)
    harness.wait_for_state(published, "sent")
    assert harness.smtp.mailbox.count("ming@example.com") == 1


@pytest.mark.rule("MAIL-4")
def test_a_mail_that_has_expired_is_recorded_and_not_sent(harness: MailerHarness) -> None:
    published = harness.request("ming@example.com")
    harness.clock.advance(hours=24, seconds=1)

    harness.start_mailer()

    harness.wait_for_state(published, "expired")
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 0
    assert [receipt["state"] for receipt in harness.receipts()] == ["expired"]
    assert harness.dead() == {}


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_mail_that_expires_while_it_waits_is_recorded(harness: MailerHarness) -> None:
    harness.smtp.refuse("ming@example.com", code=450, text="4.2.0 Greylisted")
    harness.start_mailer()
    published = harness.request("ming@example.com", expires_at=harness.clock.now() + timedelta(minutes=10))
    harness.wait_for_state(published, "waiting")

    harness.clock.advance(minutes=11)

    harness.wait_for_state(published, "expired")
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5")
def test_a_temporary_refusal_is_retried_and_does_not_delay_others(harness: MailerHarness) -> None:
    harness.smtp.refuse("ming@example.com", code=451, text="4.3.0 Try later", times=2)
    harness.start_mailer()
    published = harness.request("ming@example.com")
    harness.wait_for_state(published, "waiting")

    others = harness.request_many(20)

    harness.smtp.mailbox.wait_for(count=20)
    for tries in ("1", "2"):
        wait_until(lambda tries=tries: harness.ledger(published).get("tries") == tries, what=f"try {tries}")  # type: ignore[misc]  # mypy cannot infer it
        harness.clock.advance(minutes=1)
    harness.wait_for_state(published, "sent")
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == len(others) + 1
    assert len(harness.receipts()) == len(others) + 1


@pytest.mark.rule("MAIL-5", "VER-6")
@pytest.mark.parametrize(
    ("text", "category"),
    [("5.1.1 No such user <ming@example.com>", "mailbox_unknown"), ("5.2.2 Mailbox full", "mailbox_full")],
)
def test_a_permanently_refused_mail_becomes_a_dead_letter(
    harness: MailerHarness, text: str, category: str
) -> None:
    harness.smtp.refuse("ming@example.com", code=550, text=text)
    harness.start_mailer()

    published = harness.request("ming@example.com")

    harness.wait_for_state(published, "refused")
    harness.wait_until_finished()
    assert [(each["state"], each["category"]) for each in harness.receipts()] == [("refused", category)]
    record = harness.dead()[published.event.id]
    assert record["entry_id"] == published.entry_id
    assert record["category"] == category
    assert "ming" not in record["words"]


@pytest.mark.rule("MAIL-5")
def test_an_open_connection_is_reused_after_a_refusal(harness: MailerHarness) -> None:
    harness.smtp.refuse("ming@example.com")
    harness.start_mailer(MAILER_THREADS="1")

    refused = harness.request("ming@example.com")
    harness.wait_for_state(refused, "refused")
    harness.request("hua@example.com")

    harness.smtp.mailbox.wait_for("hua@example.com")
    assert harness.smtp.connections == 1


@pytest.mark.rule("SEC-9")
def test_a_payload_sealed_to_an_unknown_key_becomes_a_dead_letter(harness: MailerHarness) -> None:
    stranger = new_key_sets()
    event = harness.event(events.VerificationRequested(kind="link"))
    sealer = Sealer(seal_keys=stranger.seal_public, sign_keys=harness.keys.sign_private)
    harness.start_mailer()

    published = harness.publish(event, sealer.seal(harness.payload(event, "ming@example.com")))

    harness.wait_for_state(published, "refused")
    assert harness.dead()[event.id]["category"] == "unreadable"
    assert "unknown key" in harness.dead()[event.id]["words"]
    assert harness.receipts()[0]["category"] == "unreadable"


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("fault", ["signature", "moved", "damaged", "foreign link", "incomplete", "address"])
def test_a_payload_that_cannot_be_verified_is_never_sent(harness: MailerHarness, fault: str) -> None:
    event = harness.event(events.VerificationRequested(kind="link"))
    payload = harness.payload(event, "ming@example.com")
    sealed = {
        "signature": lambda: Sealer(
            seal_keys=harness.keys.seal_public, sign_keys=new_key_sets().sign_private
        ).seal(payload),
        "moved": lambda: harness.sealer.seal(
            harness.payload(harness.event(events.VerificationRequested(kind="link")), "ming@example.com")
        ),
        "damaged": lambda: harness.sealer.seal(payload)[:-4] + "AAAA",
        "foreign link": lambda: harness.sealer.seal(
            harness.payload(
                event, "ming@example.com", content={"username": "n", "link": "https://evil.example/?token=a"}
            )
        ),
        "incomplete": lambda: harness.sealer.seal(
            harness.payload(event, "ming@example.com", content={"link": LINK})
        ),
        "address": lambda: harness.sealer.seal(
            harness.payload(event, "ming@example.com\r\nRCPT TO:<x@example.com>")
        ),
    }[fault]()
    harness.start_mailer()

    published = harness.publish(event, sealed)

    harness.wait_for_state(published, "refused")
    assert harness.dead()[event.id]["category"] == "unreadable"
    assert harness.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-7")
def test_a_backlog_over_a_mailers_capacity_stays_in_the_stream(harness: MailerHarness) -> None:
    harness.smtp.hang()
    harness.request_many(60)

    mailer = harness.start_mailer(MAILER_THREADS="1")
    wait_until(lambda: harness.pending() > 0, what="the first read")

    assert harness.pending() <= 16
    assert len(mailer.wiring.in_flight.entry_ids()) <= 16
    harness.smtp.stop()
    harness.smtp.reset()
    harness.smtp.start()
    harness.smtp.mailbox.wait_for(count=60, timeout=30)


def test_a_waiting_worker_gets_a_message_without_polling(
    harness: MailerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.process.WORKER_POLL_MS", 5000)
    harness.start_mailer()
    harness.request("first@example.com")
    harness.smtp.mailbox.wait_for("first@example.com")
    harness.wait_until_finished()

    harness.request("second@example.com")

    harness.smtp.mailbox.wait_for("second@example.com", timeout=4)
