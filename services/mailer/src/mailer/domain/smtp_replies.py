"""The meaning of a mail server's replies (MAIL-5); `reply_redaction` removes secrets from their text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Step = Literal["connect", "tls", "login", "sender", "recipient", "message"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the mail server, or of the mailer in its place, and the step of the session to which it belongs."""

    step: Step
    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The RFC 3463 status at the start of the text, such as "5.1.1"; empty if there is none."""
        found = re.match(r"([245]\.\d{1,3}\.\d{1,3})(?!\d)", self.text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """The meaning of the replies that match; `code` and `enhanced` are regular expressions."""

    name: str
    steps: tuple[Step, ...]
    code: str
    enhanced: str
    category: str
    permanent: bool = True

    def matches(self, reply: Reply) -> bool:
        return (
            reply.step in self.steps
            and re.fullmatch(self.code, str(reply.code)) is not None
            and re.fullmatch(self.enhanced, reply.enhanced) is not None
        )


_OURS: Final[tuple[Step, ...]] = ("connect", "tls", "login")
_THEIRS: Final[tuple[Step, ...]] = ("recipient", "message")
_ANY: Final = r".*"

# The first rule that matches decides (RFC 5321 section 4.2, RFC 3463). Errors of the mailer's account, sender or
# transport are never permanent, because an operator can correct the settings.
RULES: Final = (
    Rule("our_configuration", _OURS, r"[45]\d\d", _ANY, "misconfigured", permanent=False),
    Rule("our_sender", ("sender",), r"5\d\d", _ANY, "misconfigured", permanent=False),
    Rule("server_busy", ("sender",), r"4\d\d", _ANY, "temporarily_refused", permanent=False),
    Rule("login_asked", _THEIRS, r"530|534|535|538", _ANY, "misconfigured", permanent=False),
    Rule("mailbox_full_for_now", _THEIRS, r"452|4\d\d", r"4\.2\.2", "mailbox_full", permanent=False),
    Rule("temporary", _THEIRS, r"4\d\d", _ANY, "temporarily_refused", permanent=False),
    Rule("mailbox_unknown", _THEIRS, r"5\d\d", r"5\.1\.(1|2|3|6|10)", "mailbox_unknown"),
    Rule("mailbox_disabled", _THEIRS, r"5\d\d", r"5\.2\.1", "mailbox_disabled"),
    Rule("mailbox_full", _THEIRS, r"5\d\d", r"5\.2\.2", "mailbox_full"),
    Rule("policy", _THEIRS, r"5\d\d", r"5\.7\..*", "not_accepted"),
    Rule("message_by_status", _THEIRS, r"5\d\d", r"5\.(6\..*|2\.3|3\.4)", "message_refused"),
    Rule("mailbox_unknown_by_code", ("recipient",), r"550|551|553", _ANY, "mailbox_unknown"),
    Rule("mailbox_full_by_code", ("recipient",), r"552", _ANY, "mailbox_full"),
    Rule("message_by_code", ("message",), r"5\d\d", _ANY, "message_refused"),
    Rule("not_accepted", ("recipient",), r"5\d\d", _ANY, "not_accepted"),
)
UNREADABLE: Final = "unreadable"
_UNKNOWN: Final = Rule("no_sense", (), _ANY, _ANY, "temporarily_refused", permanent=False)


def classify_reply(reply: Reply) -> Rule:
    """Return the rule for a reply; a reply that no rule matches is a temporary refusal."""
    return next((rule for rule in RULES if rule.matches(reply)), _UNKNOWN)
