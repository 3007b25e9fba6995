"""The classification and the redaction of a mail server's replies."""

import pytest

from mailer.domain.reply_redaction import redact_reply
from mailer.domain.smtp_replies import Reply, Step, classify_reply


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize(
    ("step", "code", "text", "permanent", "category"),
    [
        ("recipient", 550, "5.1.1 No such user", True, "mailbox_unknown"),
        ("recipient", 550, "no such user", True, "mailbox_unknown"),
        ("recipient", 550, "5.1.2 Bad destination", True, "mailbox_unknown"),
        ("recipient", 550, "5.2.1 Disabled", True, "mailbox_disabled"),
        ("recipient", 552, "5.2.2 Over quota", True, "mailbox_full"),
        ("recipient", 552, "over quota", True, "mailbox_full"),
        ("recipient", 550, "5.7.1 Relaying denied", True, "not_accepted"),
        ("recipient", 554, "no", True, "not_accepted"),
        ("message", 552, "5.3.4 Too big", True, "message_refused"),
        ("message", 554, "5.6.0 Bad content", True, "message_refused"),
        ("message", 550, "spam", True, "message_refused"),
        ("message", 550, "5.7.1 policy", True, "not_accepted"),
        ("recipient", 452, "4.2.2 Over quota", False, "mailbox_full"),
        ("recipient", 450, "4.2.0 Greylisted", False, "temporarily_refused"),
        ("message", 451, "try again", False, "temporarily_refused"),
        ("recipient", 421, "4.7.0 slow down", False, "temporarily_refused"),
        ("recipient", 530, "5.7.0 Authentication required", False, "misconfigured"),
        ("sender", 550, "5.7.1 Sender rejected", False, "misconfigured"),
        ("sender", 452, "4.3.1 Too many mails", False, "temporarily_refused"),
        ("login", 535, "5.7.8 Bad credentials", False, "misconfigured"),
        ("message", 250, "what?", False, "temporarily_refused"),
        ("recipient", -1, "", False, "temporarily_refused"),
    ],
)
def test_replies_are_classified(step: Step, code: int, text: str, permanent: bool, category: str) -> None:  # noqa: FBT001 - a table
    rule = classify_reply(Reply(step, code, text))

    assert (rule.permanent, rule.category) == (permanent, category)


@pytest.mark.rule("SEC-9")
def test_a_recorded_reply_omits_parts_of_the_mail_that_it_repeats() -> None:
    text = (
        "5.7.1 <ming@example.com>: blocked https://pass.example.tw/email/verify?token=a.b code 314159\r\nX: y"
    )

    redacted = redact_reply(text)

    assert redacted == "5.7.1 <<address>>: blocked <link> code <number>  X: y"
