"""Advice on likely typing errors in mailboxes (VER-8)."""

from identity.domain.mailbox_typos import likely_mailbox
from identity.http.zh_tw import forms as texts


def mailbox_advice(mailbox: str) -> str:
    """Return a question that suggests the likely mailbox, or an empty string."""
    likely = likely_mailbox(mailbox)
    return texts.MAILBOX_MEANT.format(mailbox=likely) if likely else ""
