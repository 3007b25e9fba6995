"""Why a mail was not sent; data stand in attributes, never addresses, links or codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.domain.attempt import Verdict


class MailerError(Exception):
    """The tree of the mailer's refusals."""


class UnreadableError(MailerError):
    """What is sealed cannot be believed: not opened, signed, for this entry, or complete (SEC-9)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForeignLinkError(UnreadableError):
    """The letter would lead its reader outside the configured public address (SEC-9)."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the content's {key} leads outside the public address")
        self.key = key


class UnsafeMailError(UnreadableError):
    """A header would hold a control character (SEC-13)."""

    def __init__(self, header: str) -> None:
        super().__init__(f"the {header} holds a control character")
        self.header = header


class NotSentError(MailerError):
    """The mail server did not take the mail; `verdict` says what its answer means."""

    def __init__(self, verdict: Verdict, reply_text: str) -> None:
        super().__init__(f"{verdict.category} ({verdict.rule})")
        self.verdict = verdict
        self.reply_text = reply_text


class AbandonedError(MailerError):
    """At the last moment before the message left, it was no longer to go: nothing of it was sent."""


class NotYetError(MailerError):
    """The mail may not go before `retry_at`; that is no failed attempt."""

    def __init__(self, reason: str, retry_at: datetime) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_at = retry_at


class ServerUnavailableError(NotYetError):
    """No mail can be sent just now; nobody should knock before `retry_at`."""


class RateLimitedError(NotYetError):
    """The receiving domain has had its mails of this hour; the ceiling is to be asked again at `retry_at`."""


class QueuePausedError(NotYetError):
    """An operator has paused the queue; `retry_at` is when the mail expires unless the queue goes on before."""
