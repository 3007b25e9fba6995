"""Entries of the audit log: who did what to which account, when, from where and why (SEC-11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from identity.domain.typed_text import parse_line

Result = Literal["done", "refused"]
ActorKind = Literal["person", "operator", "service", "system"]

MAX_OPERATOR_CHARACTERS = 64
MIN_REASON_CHARACTERS = 2
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a use case, from where and why.

    `name` is a person's account id ("" if unknown), an operator's name, a service's name ("" if unknown) or a process
    name. `via` is the service client through which an operator acts. `login` is the operating system account of an
    operator at the command line. `link_account_id` is the id of a link account that has logged in, switched or not.
    `address` is the client address; at the command line, that of the SSH client, or the host's name. identity generates
    `request_id`; `client_request_id` is the id that the client or its proxy sent.
    """

    kind: ActorKind
    name: str = ""
    via: str | None = None
    login: str | None = None
    link_account_id: str | None = None
    address: str = ""
    request_id: str = ""
    client_request_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An audit entry. Contains no secrets, no mailboxes, and no names of people except operators.

    Only `reason` and an operator's name in `actor` are free text.
    """

    at: datetime
    action: str
    result: Result
    actor_kind: ActorKind
    actor: str
    via: str | None
    account_id: str | None
    link_account_id: str | None
    address: str
    request_id: str
    reason: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, action: str, account_id: str | None, detail: Mapping[str, Any], *, caller: Caller, at: datetime
    ) -> "Entry":
        """Return the entry of `action`, which `ACTIONS` must contain.

        If a person does an action that is `by_owner`, the actor is the account. A `link_account_id` in the detail moves
        to its column. Data about the caller that have no column are added to the detail.
        """
        known = ACTIONS[action]
        origin = {
            "client_request_id": caller.client_request_id,
            "login": caller.login,
            "asserted": caller.via is not None,  # a service client named the operator
        }
        by_owner = known.by_owner and caller.kind == "person"
        return cls(
            at=at,
            action=action,
            result=known.result,
            actor_kind=caller.kind,
            actor=str(account_id) if by_owner else caller.name,
            via=caller.via,
            account_id=account_id,
            link_account_id=detail.get("link_account_id") or (None if by_owner else caller.link_account_id),
            address=caller.address,
            request_id=caller.request_id,
            reason=caller.reason,
            detail={name: value for name, value in detail.items() if name != "link_account_id"}
            | {name: value for name, value in origin.items() if value},
        )


@dataclass(frozen=True, slots=True)
class Action:
    """An audited action. With `by_owner`, a person who does it is the account's owner, even without a session."""

    description: str
    by_owner: bool = False
    result: Result = "done"


ACTIONS: Final[Mapping[str, Action]] = {
    # Actions with an event have the event's short name; `account.mailbox_corrected` has no event.
    "account.registered": Action("an account was opened", by_owner=True),
    "account.email_verified": Action("a new account's mailbox was verified", by_owner=True),
    "account.approved": Action("an operator approved an account"),
    "account.rejected": Action("an operator rejected an account"),
    "account.profile_changed": Action("fields of a profile were changed"),
    "account.email_changed": Action("a verified mailbox replaced the previous one", by_owner=True),
    "account.password_changed": Action("a password was changed or reset", by_owner=True),
    "account.suspended": Action("an account was suspended; its sessions ended"),
    "account.reinstated": Action("a suspension was lifted"),
    "account.closed": Action("an account was closed permanently"),
    "binding.requested": Action("a link account requested a binding with the correct password"),
    "binding.verified": Action("the mailed code was entered"),
    "binding.removed": Action("a binding ended, and so did the sessions that used it"),
    "verification.requested": Action("a verification link for a new account was requested"),
    "bind_code.issued": Action("a bind code was issued"),
    "account.mailbox_corrected": Action("an unverified account corrected its mailbox"),
    "email_change.requested": Action("a verification link for a new mailbox was requested"),
    "email_change.announced": Action("a notice of a requested change was sent to the old mailbox"),
    "email_change.cancelled": Action(
        "the link mailed to the old mailbox cancelled its change; all sessions ended", by_owner=True
    ),
    "usernames.requested": Action("a mail with the usernames of a mailbox was requested"),
    "password_reset.requested": Action("a password reset link was requested"),
    "registration.conflicted": Action("a person entered another account's mailbox; its owner is notified"),
    # Actions without an event.
    "session.opened": Action("a login", by_owner=True),
    "session.closed": Action("a logout"),
    "session.ended": Action(
        "one session was ended: from another session, by an operator, by the limit, or after wrong passwords"
    ),
    "session.others_ended": Action("all other sessions were ended"),
    "session.switched": Action("a link account switched to a bound account"),
    "session.returned": Action("a link account switched back from a bound account"),
    "session.refused": Action("a login was refused", result="refused"),
    "consent.accepted": Action("the current consent texts were accepted"),
    "password.refused": Action("a wrong current password was entered", result="refused"),
    "binding.refused": Action("a binding was refused because of the password", result="refused"),
    "bind_code.refused": Action("a bind code was refused", result="refused"),
    "binding.dismissed": Action("a binding removed by another party was dismissed"),
    "email_change.withdrawn": Action("a change of mailbox was withdrawn"),
    "grant.opened": Action("a port service received an authorization code for a person"),
    "grant.refreshed": Action("a port service refreshed a grant's tokens; recorded once a minute"),
    "grant.refused": Action(
        "a port service sent a used code or refresh token, which ended the grant", result="refused"
    ),
    "grant.exchanged": Action("a service exchanged a token for a token of another service"),
    "grant.ended": Action("a port service's grant and its tokens ended; `why` gives the reason"),
    "logout.set_aside": Action(
        "a service could not be notified that a login has ended; `why` gives the reason"
    ),
    # Operators' other actions.
    "account.unlocked": Action("an operator cleared the failed logins"),
    "account.sessions_ended": Action("an operator ended an account's sessions"),
    "account.mailbox_set": Action("an operator set a new mailbox, to be verified by its link"),
    "account.exported": Action("a person's data were exported"),
    "account.erased": Action("an account's personal data were erased"),
    "account.act_refused": Action(
        "an operator's action was refused because of the account's state", result="refused"
    ),
    "logout.retried": Action("an operator scheduled another notification of an ended login"),
    "logout.dropped": Action("an operator discarded the notification of an ended login"),
    "client.added": Action("a service client was created"),
    "client.rotated": Action("a service client received a new secret"),
    "client.former_ended": Action("a service client's old secret was revoked"),
    "client.revoked": Action("a service client was revoked"),
    "client.rights_set": Action("a service client's rights were set"),
    "client.oidc_set": Action("a service client's OpenID Connect registration was created or changed"),
    "client.refused": Action(
        "a service was refused: wrong secret, missing right or missing operator name", result="refused"
    ),
    # Operators' reads; the same read is recorded at most once a minute.
    "account.searched": Action("an operator searched accounts"),
    "account.read": Action("an operator read an account, its bindings or its sessions"),
    "audit.read": Action("an operator read this log"),
    "events.read": Action("an operator read events"),
    # Each republication is recorded.
    "events.replayed": Action("an operator republished events"),
    # Requests by people that have no other entry.
    "request.refused": Action("a request by a person was forbidden (403)", result="refused"),
    # The log itself.
    "audit.pruned": Action("expired segments of this log were deleted"),
    "audit.end_accepted": Action("an operator accepted the current end of this log's chain"),
}


def parse_operator(raw: str) -> str:
    """Return an operator's name, one line of up to 64 characters. Raises InvalidValue."""
    return parse_line(raw, min_length=1, max_length=MAX_OPERATOR_CHARACTERS)


def parse_reason(raw: str) -> str:
    """Return the reason for an operator's action, one line of 2 to 500 characters. Raises InvalidValue."""
    return parse_line(raw, min_length=MIN_REASON_CHARACTERS, max_length=MAX_REASON_CHARACTERS)
