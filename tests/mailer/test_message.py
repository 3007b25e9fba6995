"""Messages are correct MIME (MAIL-2), and no value can inject a header (SEC-13)."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

import pytest

from mailer.adapters.smtp.message import MessageBuilder
from mailer.domain.errors import UnsafeMailError
from mailer.domain.mail import Mail, Mailbox

SENDER = Mailbox("hep@example.tw", "港區通行證應用管理系統工作小組")
EVENT_ID = "0199a3f0-6f4e-7c41-9d5c-2f6f4f0a7b11"


def a_mail(**over: object) -> Mail:
    values: dict[str, object] = {
        "event_id": EVENT_ID,
        "to": Mailbox("ming@example.com", "錢大明"),
        "subject": "通行證系統鏈結帳號註冊通知信件",
        "text": "您好：\n.一行\n",
        "html": "<p>您好：</p>",
        "date": datetime(2026, 1, 5, 6, 3, tzinfo=UTC),
    }
    return Mail(**(values | over))  # type: ignore[arg-type]  # any field


def written(mail: Mail, reply_to: Mailbox | None = None) -> bytes:
    return MessageBuilder(sender=SENDER, reply_to=reply_to).build(mail)


def parsed(mail: Mail, reply_to: Mailbox | None = None) -> EmailMessage:
    message = message_from_bytes(written(mail, reply_to), policy=policy.strict)
    assert isinstance(message, EmailMessage)
    return message


def to_name(mail: Mail) -> str:
    """Decode the name; white space between encoded words is not part of it (RFC 2047 section 6.2)."""
    raw = str(message_from_bytes(written(mail), policy=policy.compat32)["To"])
    name, _ = parseaddr("".join(raw.splitlines()))
    return str(make_header(decode_header(name)))


@pytest.mark.rule("MAIL-2")
def test_headers_are_read_back_by_the_strict_parser() -> None:
    message = parsed(a_mail(), reply_to=Mailbox("help@example.tw", "服務台"))

    assert message["From"] == "港區通行證應用管理系統工作小組 <hep@example.tw>"
    assert message["To"] == "錢大明 <ming@example.com>"
    assert message["Reply-To"] == "服務台 <help@example.tw>"
    assert message["Subject"] == "通行證系統鏈結帳號註冊通知信件"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]) == datetime(2026, 1, 5, 6, 3, tzinfo=UTC)
    assert not message.defects


@pytest.mark.rule("MAIL-2")
def test_each_header_begins_on_the_line_of_its_name() -> None:
    to = Mailbox(f"{'m' * 64}@{'long.' * 20}example.com")

    data = written(a_mail(to=to), reply_to=Mailbox("help@example.tw", "港區通行證應用管理系統工作小組"))

    names = ("From", "Reply-To", "To", "Subject")
    lines = data.decode().split("\r\n")
    assert [name for name in names if not any(line.startswith(f"{name}: ") for line in lines)] == []
    assert f"To: {to.address}" in lines


@pytest.mark.rule("MAIL-2")
def test_the_default_senders_name_is_one_word() -> None:
    (name, address) = re.findall(r"(?m)^From: (.*)\r\n (<.*>)\r$", written(a_mail()).decode())[0]

    assert (name.count("=?"), address) == (1, "<hep@example.tw>")


@pytest.mark.rule("MAIL-1", "MAIL-2")
def test_the_content_type_declares_flowed_text() -> None:
    plain = parsed(a_mail()).get_body(("plain",))

    assert plain is not None
    assert dict(plain["Content-Type"].params) == {"charset": "utf-8", "format": "flowed", "delsp": "yes"}


@pytest.mark.rule("MAIL-2")
def test_both_bodies_are_utf_8_alternatives_with_plain_text_first() -> None:
    message = parsed(a_mail())

    parts = [(part.get_content_type(), part.get_content_charset()) for part in message.iter_parts()]

    assert message.get_content_type() == "multipart/alternative"
    assert parts == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == "您好：\r\n.一行\r\n"


@pytest.mark.rule("MAIL-2")
def test_the_message_id_is_the_event_id_for_every_attempt() -> None:
    first, second = parsed(a_mail()), parsed(a_mail(date=datetime(2026, 1, 6, tzinfo=UTC)))

    assert first["Message-ID"] == second["Message-ID"] == f"<{EVENT_ID}@example.tw>"


@pytest.mark.rule("MAIL-2")
def test_an_event_id_that_is_invalid_in_a_header_gives_a_stable_message_id() -> None:
    message = parsed(a_mail(event_id="<a b>@\u00e9"))

    assert message["Message-ID"].endswith("@example.tw>")
    assert len(message["Message-ID"]) == 64 + len("<@example.tw>")


@pytest.mark.rule("MAIL-2")
@pytest.mark.parametrize("name", ["錢大明" * 16, "A" * 50, 'Anna "Ann" Lee\\', "", "=?utf-8?q?x?="])
def test_names_of_any_length_fold_into_short_ascii_lines(name: str) -> None:
    mail = a_mail(to=Mailbox("ming@example.com", name))

    head = written(mail).split(b"\r\n\r\n")[0]

    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert to_name(mail) == name


@pytest.mark.rule("MAIL-2")
def test_lines_end_with_crlf_and_are_short() -> None:
    data = written(a_mail(text="港" * 5000, html="<p>" + "x" * 5000 + "</p>"))

    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(map(len, data.split(b"\r\n"))) <= 78


@pytest.mark.rule("MAIL-2")
def test_a_chinese_domain_is_encoded_by_idna() -> None:
    assert parsed(a_mail(to=Mailbox("ming@港區.tw")))["To"] == "ming@xn--jkrr04d.tw"


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(
    "bad", ["\r\nBcc: x@example.com", "\n", "\r", "\0", "\u2028", "\u202e", "\x7f", "\ud800"]
)
def test_no_header_can_be_injected(bad: str) -> None:
    with pytest.raises(UnsafeMailError):
        Mailbox("ming@example.com", f"錢{bad}")
    with pytest.raises(UnsafeMailError):
        Mailbox(f"ming{bad}@example.com")
    with pytest.raises(UnsafeMailError):
        a_mail(subject=f"通知{bad}")


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("bad", ["", "ming", "a@b@c", "a@b, c@d", "<a@b>", "a b@c", "a@b>", "a@", "@b"])
def test_a_value_that_is_not_one_address_is_rejected(bad: str) -> None:
    with pytest.raises(UnsafeMailError):
        Mailbox(bad)


@pytest.mark.rule("SEC-9")
def test_repr_of_mails_and_mailboxes_shows_no_content() -> None:
    shown = f"{a_mail()!r} {Mailbox('ming@example.com', '錢大明')!r}"

    assert "ming" not in shown
    assert "錢" not in shown
