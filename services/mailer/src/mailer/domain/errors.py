"""Errors that prevent or delay a mail. Their messages never contain addresses, links or codes.

`NotSentError.reply_text` may contain them, if the mail server repeats them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.domain.smtp_replies import Rule


class MailerError(Exception):
    pass


class UnreadableError(MailerError):
    """No mail can be built from the entry, for example because its payload cannot be decrypted or verified (SEC-9)."""


class ForeignLinkError(UnreadableError):
    """A link has another origin than the public URL, or a text that is no link looks like one (SEC-9)."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the content's {key} leads outside the public address")


class UnsafeMailError(UnreadableError):
    """A header value is invalid, too long, or contains an unsafe character (SEC-13)."""

    def __init__(self, header: str) -> None:
        super().__init__(f"the {header} is invalid or unsafe in a mail header")


class NotSentError(MailerError):
    """The mail server refused the mail, does not support its address, or did not reply, which is never permanent."""

    def __init__(self, rule: Rule, reply_text: str) -> None:
        super().__init__(f"{rule.category} ({rule.name})")
        self.rule = rule
        self.reply_text = reply_text


class AbandonedError(MailerError):
    """The `should_send` callback returned False, so the mail was not sent."""


class NotYetError(MailerError):
    """The mail cannot be sent now. The next attempt is due at `retry_at`; this one does not count as failed.

    `deferral` is a value of the label `reason` of `mailer_put_off_total`.
    """

    deferral: ClassVar[str]

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class ServerUnavailableError(NotYetError):
    """The mail server cannot be reached or used, or recently could not."""

    deferral = "server_away"


class RateLimitedError(NotYetError):
    """The recipient domain is over its rate limit, which is checked again at `retry_at`."""

    deferral = "ceiling"


class SlowDomainError(NotYetError):
    """The mail server replies slowly for this recipient domain, and too many mails already wait for slow replies."""

    deferral = "slow"


class QueuePausedError(NotYetError):
    """An operator has paused the queue; `retry_at` is the time at which the mail expires."""

    deferral = "paused"
