"""Mails as the mail server receives them from the running system (MAIL-1 to MAIL-5)."""

import html
import re
from email.utils import parsedate_to_datetime

import pytest
from port_runtime.terminal_tables import display_width
from sqlalchemy import text

from tests.support.actors.people import PASSWORD
from tests.support.browser.text_normalization import normalize
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System
from tests.support.servers.received_mail import ReceivedMail

NEW_PASSWORD = "Lantern-Quay-31!"
_SIMPLIFIED = re.compile("[账号验证码请绑发电邮]{2,}")


@pytest.fixture
def mails(system: System) -> list[ReceivedMail]:
    """The mails to a general account, to its new mailbox and to a link account, after most actions that send mails."""
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    link.delete(f"/bindings/{system.bind_and_verify(link, general)}")
    own = system.logged_in(general)
    changed = {"email": f"new.{general.email}", "current_password": PASSWORD}
    own.patch("/account", changed, **{"If-Match": own.get("/account").headers["ETag"]})
    system.confirm(system.mail(f"new.{general.email}").token)
    own.put("/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    system.visitor().post("/password-resets", {"username": holder.username, "email": holder.email})
    system.register(email=holder.email, kind="link")
    system.wait_for_mails()
    addresses = (general.email, holder.email, f"new.{general.email}")
    return [mail for address in addresses for mail in system.mailbox.all(address)]


def _words(mail: ReceivedMail) -> str:
    body = re.sub(r"<(style|head)\b.*?</\1>|<!--.*?-->", "", mail.html, flags=re.DOTALL)
    return normalize(html.unescape(re.sub(r"<[^>]+>", "", body)))


@pytest.mark.rule("MAIL-1")
def test_every_mail_is_in_chinese_of_taiwan_with_the_same_links_and_codes_in_both_bodies(
    mails: list[ReceivedMail],
) -> None:
    subjects = {mail.subject for mail in mails}

    assert len(subjects) >= 9
    for mail in mails:
        assert re.search("您好", mail.text), mail.text
        assert not _SIMPLIFIED.search(mail.text)
        assert "{{" not in mail.text + mail.html
        for fact in re.findall(r"https?://\S+|(?<!\d)\d{6}(?!\d)", mail.text):
            assert normalize(fact) in _words(mail), (mail.subject, fact)
        lines = mail.flowed_text.split("\n")
        assert max(display_width(line) for line in lines if "http" not in line) <= 72


@pytest.mark.rule("MAIL-2")
def test_every_mail_has_the_standard_headers(mails: list[ReceivedMail]) -> None:
    identifiers = [str(mail.headers["Message-ID"]) for mail in mails]

    assert len(set(identifiers)) == len(mails)
    for mail in mails:
        headers = mail.headers
        assert re.fullmatch(r"<[^<>\s@]+@[^<>\s@]+>", str(headers["Message-ID"]))
        assert headers["Auto-Submitted"] == "auto-generated"
        assert parsedate_to_datetime(str(headers["Date"])).tzinfo is not None
        assert "港區通行證應用管理系統工作小組 <hep@example.tw>" in str(headers["From"])
        assert mail.raw.isascii()
        assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998
        assert {part.get_content_charset() for part in mail.message.walk() if not part.is_multipart()} == {
            "utf-8"
        }


@pytest.mark.rule("MAIL-3")
def test_every_request_sends_one_mail_and_replaying_sends_none(system: System) -> None:
    person = system.register()
    system.wait_for_mails()

    with system.engine.begin() as database:
        database.execute(text("UPDATE outbox SET position = NULL, published_at = NULL"))
    system.relay.outbox.forget_position()
    system.publish()
    later = system.person()

    assert system.mailbox.count(person.email) == 1
    assert system.mailbox.count(later.email) == 1


@pytest.mark.rule("MAIL-4", "VER-1")
def test_a_mail_with_an_expired_link_is_not_sent_and_is_reported_expired(system: System) -> None:
    person = system.register()
    sent_before = system.mailbox.count()

    system.clock.advance(hours=24)
    system.wait_for_mails()

    states = system.rows(
        "SELECT mail_state FROM outbox WHERE subject = :id AND mail_state IS NOT NULL", id=person.id
    )
    assert states == [("expired",)]
    assert system.mailbox.count(person.email) == 0
    assert system.mailbox.count() == sent_before


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize("pipelining", [False, True])
def test_a_mailbox_refused_with_a_closed_connection_delays_no_other_mail(
    system: System,
    pipelining: bool,  # noqa: FBT001 - a case
) -> None:
    smtp = system.servers.smtp
    smtp.pipelining = pipelining
    for name, code in (("gone", 550), ("busy", 450)):
        smtp.refuse(f"{name}@refused.example", code=code, closes=True)

    refused = [system.register(email=f"{name}@refused.example") for name in ("gone", "busy")]
    others = [system.register() for _ in range(10)]
    system.publish()
    for person in others:
        system.mailbox.wait_for(person.email, timeout=20)
    state = "SELECT mail_state FROM outbox WHERE subject = :id AND mail_state = 'refused'"
    wait_until(
        lambda: system.relay.receive(block_ms=100) and system.rows(state, id=refused[0].id),
        what="the verdict",
        timeout_seconds=20,
    )
    smtp.reset()

    assert not system.rows(state, id=refused[1].id)


@pytest.mark.rule("MAIL-5")
def test_a_server_that_limits_mails_per_connection_receives_every_mail(system: System) -> None:
    system.servers.smtp.limit_mails_per_connection(2)

    people = [system.register() for _ in range(10)]
    system.publish()

    for person in people:
        system.mailbox.wait_for(person.email, timeout=30)
    system.servers.smtp.reset()
