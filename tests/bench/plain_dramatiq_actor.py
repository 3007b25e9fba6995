"""A dramatiq actor of the usual design: it builds a message from rendered texts and sends it with smtplib.

Each thread keeps one connection. There is no ledger, no sealing and no stream. dramatiq's command runs the actor with
dramatiq's default middleware and its Redis broker.
`email.mime` builds the message, because its policy is the fastest in the standard library.
"""

import os
import smtplib
import threading
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate, make_msgid

import dramatiq
from dramatiq.brokers.redis import RedisBroker

QUEUE = "plain"
REDIS_URL = "PLAIN_REDIS_URL"
SMTP_PORT = "PLAIN_SMTP_PORT"
SENDER = "hep@example.tw"
_local = threading.local()

dramatiq.set_broker(RedisBroker(url=os.environ.get(REDIS_URL)))  # type: ignore[no-untyped-call]  # dramatiq lacks the type


@dramatiq.actor(queue_name=QUEUE)
def send(to: str, name: str, subject: str, text: str, html: str) -> None:
    message = MIMEMultipart("alternative")
    message["From"], message["To"], message["Subject"] = SENDER, formataddr((name, to)), subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="example.tw")
    message.attach(MIMEText(text, "plain", "utf-8"))
    message.attach(MIMEText(html, "html", "utf-8"))
    _smtp().sendmail(SENDER, to, message.as_bytes())


def _smtp() -> smtplib.SMTP:
    if not hasattr(_local, "smtp"):
        _local.smtp = smtplib.SMTP("127.0.0.1", int(os.environ[SMTP_PORT]))
    smtp: smtplib.SMTP = _local.smtp
    return smtp
