"""The table of events with their mails (EVT-1), or with the reason for which an event has no mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from port_events import catalogue as events

from mailer.domain.errors import UnreadableError

LINKS: Final = frozenset({"link", "login_url"})


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail: the name of its template folder, and the required and optional keys of its payload's content."""

    name: str
    content: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoMail:
    reason: str


_PARTIES: Final = ("username", "company", "link_username", "link_name", "link_company")
_COMPANY: Final = ("company",)
_KINDS: Final = (
    MailKind("registration_general", ("username", "link"), optional=("company", "review")),
    MailKind("registration_link", ("username", "link"), optional=("company", "review")),
    MailKind("mailbox_already_registered", ("username", "kind", "login_url"), optional=_COMPANY),
    MailKind("bind_code", (*_PARTIES, "code")),
    MailKind("binding_verified", _PARTIES),
    MailKind("binding_removed", (*_PARTIES, "removed_by", "reader"), optional=("state",)),
    MailKind("email_change", ("username", "link"), optional=_COMPANY),
    MailKind("email_change_notice", ("username", "new_email_masked", "link"), optional=_COMPANY),
    MailKind("email_changed", ("username", "new_email_masked"), optional=("company", "restored")),
    MailKind("email_change_cancelled", ("username",), optional=_COMPANY),
    MailKind("password_reset", ("username", "link"), optional=("company", "kind")),
    MailKind("usernames", ("usernames", "login_url")),
    MailKind("password_changed", ("username", "reason"), optional=_COMPANY),
    MailKind("approved", ("username", "kind", "login_url"), optional=_COMPANY),
    MailKind("rejected", ("username", "kind", "reason"), optional=_COMPANY),
)
MAILS: Final[Mapping[str, MailKind]] = {kind.name: kind for kind in _KINDS}

# A mapping has a mail for each value of `kind` in the event's data.
EVENTS: Final[Mapping[str, MailKind | Mapping[str, MailKind] | NoMail]] = {
    events.VerificationRequested.type: {
        "general": MAILS["registration_general"],
        "link": MAILS["registration_link"],
    },
    events.RegistrationConflicted.type: MAILS["mailbox_already_registered"],
    events.BindCodeIssued.type: MAILS["bind_code"],
    events.BindingVerified.type: MAILS["binding_verified"],
    events.BindingRemoved.type: MAILS["binding_removed"],
    events.EmailChangeRequested.type: MAILS["email_change"],
    events.EmailChangeAnnounced.type: MAILS["email_change_notice"],
    events.AccountEmailChanged.type: MAILS["email_changed"],
    events.EmailChangeCancelled.type: MAILS["email_change_cancelled"],
    events.PasswordResetRequested.type: MAILS["password_reset"],
    events.UsernamesRequested.type: MAILS["usernames"],
    events.AccountPasswordChanged.type: MAILS["password_changed"],
    events.AccountApproved.type: MAILS["approved"],
    events.AccountRejected.type: MAILS["rejected"],
    events.AccountRegistered.type: NoMail("another event requests its verification"),
    events.AccountEmailVerified.type: NoMail("the page of the link confirms it"),
    events.AccountProfileChanged.type: NoMail("the page confirms it"),
    events.AccountSuspended.type: NoMail("operators inform the person themselves"),
    events.AccountReinstated.type: NoMail("operators inform the person themselves"),
    events.AccountClosed.type: NoMail("a rejection has its own event; a lapsed mailbox was never verified"),
    events.BindingRequested.type: NoMail("another event issues its code"),
}
UNKNOWN: Final = NoMail("this mailer does not know the event")


def has_no_mail(event_type: str) -> bool:
    """Return whether events of this type, which may be unknown, never cause a mail."""
    return isinstance(EVENTS.get(event_type, UNKNOWN), NoMail)


def mail_kind_for(event_type: str, data: Mapping[str, object]) -> MailKind:
    """Return the mail of an event. Raises UnreadableError if it has none or its account kind is unknown."""
    choice = EVENTS.get(event_type, UNKNOWN)
    if isinstance(choice, Mapping):
        choice = choice.get(str(data.get("kind")), UNKNOWN)
    if isinstance(choice, NoMail):
        raise UnreadableError(f"no mail is known for {event_type}")
    return choice


def require_complete(kind: MailKind, content: Mapping[str, str]) -> None:
    """Raise UnreadableError if the content lacks a required key, or its value is not a text."""
    missing = [key for key in kind.content if not isinstance(content.get(key), str)]
    if missing:
        raise UnreadableError(f"the content lacks {', '.join(missing)}")
