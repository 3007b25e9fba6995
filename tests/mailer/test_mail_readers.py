"""Independent mail readers show each mail correctly: Python, mailparser in Node.js, mutt (MAIL-1, MAIL-2)."""

import os
import subprocess
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from port_runtime.terminal_tables import display_width

from tests.mailer.html_to_text import squeezed
from tests.mailer.sample_messages import SENDER, all_mails, read_by_node
from tests.support.servers.format_flowed import unflowed
from tests.support.servers.optional_programs import MUTT

MUTTRC = """\
set folder=. charset=utf-8 assumed_charset=utf-8 pipe_decode=yes wait_key=no quit=yes reflow_text=yes reflow_wrap=0
ignore *
unignore from subject
push "<pipe-message>cat >shown<enter><exit>"
"""

SCREEN = 72
"""The width at which mutt breaks lines, at spaces or within long words."""


@pytest.mark.rule("MAIL-2")
def test_python_reads_every_mail_without_defects() -> None:
    for sent in all_mails():
        message = message_from_bytes(sent.raw, policy=policy.strict)
        assert isinstance(message, EmailMessage)
        assert (message["Subject"], message["To"]) == (sent.mail.subject, "錢大明 <sample@example.com>")
        assert (message["From"], message.defects) == (f"{SENDER.name} <{SENDER.address}>", [])
        bodies = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
        assert bodies == [sent.mail.text, sent.mail.html]


@pytest.mark.rule("MAIL-1", "MAIL-2")
def test_mailparser_reads_every_mail_and_joins_the_soft_line_breaks() -> None:
    for sent, read in zip(all_mails(), read_by_node(), strict=True):
        assert read["text"].strip() == unflowed(sent.mail.text).strip()
        assert read["html"].strip() == sent.mail.html.strip()
        assert (read["subject"], read["messageId"]) == (sent.mail.subject, f"<{sent.name}@example.tw>")
        assert read["from"] == [{"address": SENDER.address, "name": SENDER.name}]
        assert read["to"] == [{"address": "sample@example.com", "name": "錢大明"}]
        assert (read["date"], read["autoSubmitted"]) == ("2026-01-05T06:03:00.000Z", "auto-generated")


@pytest.mark.rule("MAIL-1", "MAIL-2")
def test_mutt_shows_every_mail(tmp_path: Path) -> None:
    mutt = MUTT.require()
    (tmp_path / "muttrc").write_text(MUTTRC)

    for sent in all_mails():
        (tmp_path / "mbox").write_bytes(
            b"From x Mon Jan  5 14:03:00 2026\n" + sent.raw.replace(b"\r\n", b"\n")
        )
        subprocess.run(  # `script` provides the terminal that mutt requires
            ["script", "-qec", f"{mutt} -n -F muttrc -R -f mbox", "/dev/null"],
            env={"HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True,
        )  # fmt: skip
        shown = (tmp_path / "shown").read_text(encoding="utf-8")
        headers = f"From: {SENDER.name} <{SENDER.address}>\nSubject: {sent.mail.subject}\n"
        assert headers in shown
        assert squeezed(unflowed(sent.mail.text)) in squeezed(shown)
        words = (word for word in unflowed(sent.mail.text).split() if display_width(word) < SCREEN)
        assert [word for word in words if word not in shown] == []
