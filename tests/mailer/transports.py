"""Mail transports and a mail to send, for tests without a whole mailer."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mailer.adapters.clock import SystemClock
from mailer.adapters.smtp.message import MessageBuilder
from mailer.adapters.smtp.server_settings import SmtpServer, Timeouts
from mailer.adapters.smtp.transport import SmtpTransport
from mailer.bulkhead import Bulkhead
from mailer.domain.mail import Mail, Mailbox

SENDER = Mailbox("hep@example.tw", "工作小組")
OpenTransport = Callable[..., SmtpTransport]


def new_mail(address: str = "ming@example.com", *, text: str = "內文") -> Mail:
    return Mail(
        event_id="e1",
        to=Mailbox(address, "錢大明"),
        subject="通知",
        text=text,
        html="<p>內文</p>",
        date=datetime(2026, 1, 5, tzinfo=UTC),
    )


def build_transport(
    url: str,
    *,
    ca_file: Path | None = None,
    mail_from: Mailbox = SENDER,
    bulkhead: Bulkhead | None = None,
    **timeouts: float,
) -> SmtpTransport:
    """Build a transport; further keyword arguments are fields of Timeouts."""
    server = SmtpServer.from_url(
        url, ca_file=ca_file, timeouts=Timeouts(**timeouts), ehlo="mailer.example.tw"
    )
    return SmtpTransport(
        server,
        sender=mail_from,
        message_builder=MessageBuilder(sender=mail_from),
        clock=SystemClock(),
        bulkhead=bulkhead or Bulkhead(1),
    )
