"""Codes, links and addresses appear in no log, queue, ledger or receipt (SEC-9, BIND-7)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from port_events import catalogue as events
from port_events.envelope import MAIL_STREAM
from port_events.sealing import new_key_sets

from tests.mailer.harness import PUBLIC_URL, MailerHarness, mailer_process

CODE, TOKEN, ADDRESS, NAME = "907351", "T0kenOfTheLink", "ming.secret@example.com", "錢祕密"
LINK = f"{PUBLIC_URL}/email/verify?token={TOKEN}"


def everything_in_redis(harness: MailerHarness) -> str:
    """Return all keys and values except the stream of mails, whose payloads are sealed."""
    client: Any = harness.client
    shown = []
    for key in client.keys("*"):
        if key == MAIL_STREAM:
            continue
        kind = client.type(key)
        reader = {
            "hash": client.hgetall,
            "string": client.get,
            "stream": client.xrange,
            "set": client.smembers,
        }
        lists = {
            "list": lambda each: client.lrange(each, 0, -1),
            "zset": lambda each: client.zrange(each, 0, -1),
        }
        shown.append(f"{key} {(reader | lists)[kind](key)}")
    return "\n".join(shown)


@pytest.mark.rule("SEC-9", "BIND-7")
def test_no_secret_reaches_a_log_a_queue_the_ledger_or_a_receipt(
    harness: MailerHarness, tmp_path: Path
) -> None:
    code = {"code": CODE, "username": "account001", "company": "測試公司"}
    code |= {"link_username": "number01", "link_name": NAME, "link_company": "公司"}
    harness.smtp.refuse("later" + ADDRESS, code=450, text=f"4.2.0 {ADDRESS} {LINK} later")
    harness.smtp.refuse("never" + ADDRESS, code=550, text=f"5.1.1 {ADDRESS} {LINK} {CODE} unknown")
    content = {"username": "number01", "link": LINK}

    with mailer_process(harness, tmp_path, MAILER_LOG_LEVEL="DEBUG") as process:
        sent = harness.request(
            ADDRESS, events.BindCodeIssued(binding_id="b", link_account_id="l"), content=code
        )
        later = harness.request("later" + ADDRESS, name=NAME, content=content)
        never = harness.request("never" + ADDRESS, name=NAME, content=content)
        foreign = harness.request(
            ADDRESS, name=NAME, content={**content, "link": f"https://evil.example/{TOKEN}"}
        )
        lacking = harness.request(ADDRESS, name=NAME, content={"link": LINK})
        expired = harness.request(ADDRESS, content=content, expires_at=harness.clock.now() - timedelta(1))
        event = harness.event(events.VerificationRequested(kind="link"))
        stranger = MailerHarness(harness.redis_server, harness.smtp, keys=new_key_sets())
        unreadable = harness.publish(
            event, stranger.sealer.seal(harness.payload(event, ADDRESS, content=content))
        )
        for each, state in (
            (sent, "sent"), (later, "waiting"), (never, "refused"), (foreign, "refused"),
            (lacking, "refused"), (expired, "expired"), (unreadable, "refused"),
        ):  # fmt: skip
            harness.wait_for_state(each, state)
        process.stop()
    stranger.client.close()

    outputs = {"log": process.output, "redis": everything_in_redis(harness)}
    escaped = NAME.encode("ascii", "backslashreplace").decode()
    for output, text in outputs.items():
        for secret in (CODE, TOKEN, ADDRESS, NAME, escaped):
            assert secret not in text, f"{secret} in {output}"
    assert sent.event.id in outputs["log"]


@pytest.mark.rule("SEC-9")
def test_a_message_holds_only_the_entry_id(harness: MailerHarness) -> None:
    mailer = harness.mailer()
    mailer.wiring.broker.declare_queue(mailer.name)
    (actor,) = mailer.wiring.broker.actors.values()

    message = actor.message("1-0")

    assert (message.args, message.kwargs) == (("1-0",), {})
    mailer.wiring.client.close()
