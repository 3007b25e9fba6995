"""One request, one mail: from the stream over a real Redis to a real mail server."""

import threading
from datetime import timedelta

import pytest
from port_events import catalogue as events
from port_events.catalogue import EventData
from port_events.sealing import Sealer, new_key_sets

from mailer.adapters.texts import samples
from mailer.domain.catalogue import MAILS
from tests.mailer.harness import LINK, PUBLIC_URL, MailerHarness
from tests.support.harness.waiting import wait_until

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
    events.AccountEmailChanged(): "email_changed",
    events.PasswordResetRequested(): "password_reset",
    events.AccountPasswordChanged(reason="changed"): "password_changed",
    events.AccountApproved(kind="link"): "approved",
    events.AccountRejected(kind="link"): "rejected",
}


@pytest.mark.rule("MAIL-3", "VER-1")
def test_a_requested_mail_arrives_once_and_is_receipted(world: MailerHarness) -> None:
    world.start_mailer()

    published = world.request("ming@example.com")

    (mail,) = world.smtp.mailbox.wait_for("ming@example.com")
    assert mail.link == LINK
    world.wait_until_finished()
    assert world.receipts() == [
        {"event_id": published.event.id, "state": "sent", "at": world.ledger(published)["at"], "category": ""}
    ]


@pytest.mark.rule("MAIL-1", "EVT-1")
def test_every_event_that_is_a_mail_is_mailed(world: MailerHarness) -> None:
    world.start_mailer()

    for data, name in EXAMPLES.items():
        world.request(f"{name}@example.com", data, content=next(samples(name, PUBLIC_URL)).content)

    mails = world.smtp.mailbox.wait_for(count=len(MAILS))
    assert {mail.to.partition("@")[0] for mail in mails} == MAILS.keys()
    assert all(mail.text and mail.html and not mail.message.defects for mail in mails)


@pytest.mark.rule("MAIL-2")
def test_sender_and_reply_address_come_from_the_settings(world: MailerHarness) -> None:
    world.start_mailer(MAILER_FROM="通行證 <pass@port.example.tw>", MAILER_REPLY_TO="help@port.example.tw")

    published = world.request("ming@example.com")

    (mail,) = world.smtp.mailbox.wait_for("ming@example.com")
    assert mail.sender == "pass@port.example.tw"
    assert mail.headers["From"] == "通行證 <pass@port.example.tw>"
    assert mail.headers["Reply-To"] == "help@port.example.tw"
    assert mail.headers["Message-ID"] == f"<{published.event.id}@port.example.tw>"
    assert "請直接回覆本信" in mail.text


def test_silent_events_and_entries_without_a_sealed_part_are_done_at_once(world: MailerHarness) -> None:
    world.start_mailer()

    for data in NO_MAIL:
        world.publish(world.event(data), None)
    world.publish(world.event(events.VerificationRequested(kind="link")), None)

    world.wait_until_finished()
    assert world.receipts() == []
    assert world.smtp.mailbox.count() == 0


def test_an_entry_that_is_no_event_does_not_stop_the_others(world: MailerHarness) -> None:
    world.client.xadd("identity.events", {"nonsense": "1"})
    world.client.xadd("identity.events", {"ce": "{", "type": "x"})
    world.start_mailer()

    world.request("ming@example.com")

    world.smtp.mailbox.wait_for("ming@example.com")
    world.wait_until_finished()


@pytest.mark.rule("MAIL-3")
def test_an_event_published_again_is_not_mailed_again(world: MailerHarness) -> None:
    world.start_mailer()
    published = world.request("ming@example.com")
    world.smtp.mailbox.wait_for("ming@example.com")

    for _ in range(5):
        world.publish(published.event, published.sealed)

    world.wait_until_finished()
    assert world.smtp.mailbox.count("ming@example.com") == 1
    assert len(world.receipts()) == 1


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_several_mailers_send_each_mail_once_though_each_was_published_thrice(world: MailerHarness) -> None:
    published = world.request_many(60)
    for _ in range(2):
        for each in published:
            world.publish(each.event, each.sealed)

    for _ in range(3):
        world.start_mailer()

    world.wait_until_finished(timeout_seconds=30)
    assert world.smtp.mailbox.count() == 60
    assert len(world.receipts()) == 60


@pytest.mark.rule("MAIL-3")
def test_a_message_repeated_by_the_queue_is_not_mailed_again(world: MailerHarness) -> None:
    mailer = world.start_mailer()
    world.smtp.hang("ming@example.com", times=1)
    published = world.request("ming@example.com")
    wait_until(lambda: world.state(published) == "claimed", what="the claim")
    (actor,) = mailer.wiring.broker.actors.values()

    for _ in range(5):
        actor.send(published.entry_id)
    world.request("hua@example.com")
    world.smtp.mailbox.wait_for("hua@example.com")
    world.smtp.stop()
    world.smtp.reset()
    world.smtp.start()

    world.clock.advance(minutes=1)
    world.wait_for_state(published, "sent")
    assert world.smtp.mailbox.count("ming@example.com") == 1


@pytest.mark.rule("MAIL-4")
def test_a_mail_that_has_expired_is_recorded_and_not_sent(world: MailerHarness) -> None:
    published = world.request("ming@example.com")
    world.clock.advance(hours=24, seconds=1)

    world.start_mailer()

    world.wait_for_state(published, "expired")
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 0
    assert [receipt["state"] for receipt in world.receipts()] == ["expired"]
    assert world.dead() == {}


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_mail_that_expires_while_it_waits_is_recorded_then(world: MailerHarness) -> None:
    world.smtp.refuse("ming@example.com", code=450, text="4.2.0 Greylisted")
    world.start_mailer()
    published = world.request("ming@example.com", expires_at=world.clock.now() + timedelta(minutes=10))
    world.wait_for_state(published, "waiting")

    world.clock.advance(minutes=11)

    world.wait_for_state(published, "expired")
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-5")
def test_a_temporary_refusal_is_tried_again_and_stalls_nobody_else(world: MailerHarness) -> None:
    world.smtp.refuse("ming@example.com", code=451, text="4.3.0 Try later", times=2)
    world.start_mailer()
    published = world.request("ming@example.com")
    world.wait_for_state(published, "waiting")

    others = world.request_many(20)

    world.smtp.mailbox.wait_for(count=20)
    for tries in ("1", "2"):
        wait_until(lambda tries=tries: world.ledger(published).get("tries") == tries, what=f"try {tries}")  # type: ignore[misc]  # mypy cannot infer it
        world.clock.advance(minutes=1)
    world.wait_for_state(published, "sent")
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == len(others) + 1
    assert len(world.receipts()) == len(others) + 1


@pytest.mark.rule("MAIL-5", "VER-6")
@pytest.mark.parametrize(
    ("words", "category"),
    [("5.1.1 No such user <ming@example.com>", "mailbox_unknown"), ("5.2.2 Mailbox full", "mailbox_full")],
)
def test_a_permanent_refusal_goes_to_the_dead_letters(
    world: MailerHarness, words: str, category: str
) -> None:
    world.smtp.refuse("ming@example.com", code=550, text=words)
    world.start_mailer()

    published = world.request("ming@example.com")

    world.wait_for_state(published, "refused")
    world.wait_until_finished()
    assert [(each["state"], each["category"]) for each in world.receipts()] == [("refused", category)]
    record = world.dead()[published.event.id]
    assert record["entry_id"] == published.entry_id
    assert record["category"] == category
    assert "ming" not in record["words"]


@pytest.mark.rule("MAIL-5")
def test_a_kept_connection_works_on_after_a_refusal(world: MailerHarness) -> None:
    world.smtp.refuse("ming@example.com")
    world.start_mailer(MAILER_THREADS="1")

    refused = world.request("ming@example.com")
    world.wait_for_state(refused, "refused")
    world.request("hua@example.com")

    world.smtp.mailbox.wait_for("hua@example.com")
    assert world.smtp.connections == 1


@pytest.mark.rule("SEC-9")
def test_what_is_sealed_to_a_key_we_do_not_have_goes_to_the_dead_letters(world: MailerHarness) -> None:
    stranger = new_key_sets()
    event = world.event(events.VerificationRequested(kind="link"))
    sealer = Sealer(seal_keys=stranger.seal_public, sign_keys=world.keys.sign_private)
    world.start_mailer()

    published = world.publish(event, sealer.seal(world.letter(event, "ming@example.com")))

    world.wait_for_state(published, "refused")
    assert world.dead()[event.id]["category"] == "unreadable"
    assert "unknown key" in world.dead()[event.id]["words"]
    assert world.receipts()[0]["category"] == "unreadable"


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("fault", ["signature", "moved", "damaged", "foreign link", "incomplete", "address"])
def test_what_cannot_be_believed_is_never_sent(world: MailerHarness, fault: str) -> None:
    event = world.event(events.VerificationRequested(kind="link"))
    letter = world.letter(event, "ming@example.com")
    sealed = {
        "signature": lambda: Sealer(
            seal_keys=world.keys.seal_public, sign_keys=new_key_sets().sign_private
        ).seal(letter),
        "moved": lambda: world.sealer.seal(
            world.letter(world.event(events.VerificationRequested(kind="link")), "ming@example.com")
        ),
        "damaged": lambda: world.sealer.seal(letter)[:-4] + "AAAA",
        "foreign link": lambda: world.sealer.seal(
            world.letter(
                event, "ming@example.com", content={"username": "n", "link": "https://evil.example/?token=a"}
            )
        ),
        "incomplete": lambda: world.sealer.seal(
            world.letter(event, "ming@example.com", content={"link": LINK})
        ),
        "address": lambda: world.sealer.seal(
            world.letter(event, "ming@example.com\r\nRCPT TO:<x@example.com>")
        ),
    }[fault]()
    world.start_mailer()

    published = world.publish(event, sealed)

    world.wait_for_state(published, "refused")
    assert world.dead()[event.id]["category"] == "unreadable"
    assert world.smtp.mailbox.count() == 0


@pytest.mark.rule("MAIL-7")
def test_a_backlog_stays_in_the_stream_beyond_what_a_mailer_has_in_hand(world: MailerHarness) -> None:
    world.smtp.hang()
    world.request_many(60)

    mailer = world.start_mailer(MAILER_THREADS="1")
    wait_until(lambda: world.pending() > 0, what="the first read")

    assert world.pending() <= 16
    assert len(mailer.wiring.in_flight.entry_ids()) <= 16
    world.smtp.stop()
    world.smtp.reset()
    world.smtp.start()
    world.smtp.mailbox.wait_for(count=60, timeout=30)


def test_a_waiting_worker_sees_a_message_at_once(world: MailerHarness) -> None:
    world.start_mailer()
    world.request("first@example.com")
    world.smtp.mailbox.wait_for("first@example.com")
    world.wait_until_finished()
    arrived = threading.Event()

    published = world.request("second@example.com")
    (mail,) = world.smtp.mailbox.wait_for(
        "second@example.com", timeout=0.4
    )  # dramatiq's own poll is 0.5 s here
    arrived.set()

    assert mail.to == "second@example.com"
    assert published.entry_id
