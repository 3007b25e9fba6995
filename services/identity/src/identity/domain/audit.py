"""The audit log: who did what, for whom, when, from where, with what result, and why (SEC-11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from identity.domain.text import parse_line

Result = Literal["done", "refused"]
ActorKind = Literal["person", "operator", "system"]

MAX_OPERATOR_CHARACTERS = 64
MIN_REASON_CHARACTERS = 2
MAX_REASON_CHARACTERS = 500
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, from where, and why.

    `name` is a person's account id ("" where nobody is known yet), an operator's name, or a process' of ours; `via`
    is the service that names its operator; `link_account_id` the link account that acts.
    """

    kind: ActorKind
    name: str = ""
    via: str | None = None
    link_account_id: str | None = None
    address: str = ""
    request_id: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the log. It holds identifiers, never a name, a mailbox or a secret; only `reason` is free text."""

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
        """Return the entry of an action from `ACTIONS`.

        The actor of an action `by_owner` is the account itself. A `link_account_id` in the detail gets its own column.
        """
        known = ACTIONS[action]
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
            detail={name: value for name, value in detail.items() if name != "link_account_id"},
        )


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done; `own` is done by whoever proves an account to be theirs: by its password, its mailbox."""

    description: str
    by_owner: bool = False
    result: Result = "done"


ACTIONS: Final[Mapping[str, Action]] = {
    # What is announced is recorded under the event's short name.
    "account.registered": Action("an account was opened", by_owner=True),
    "account.email_verified": Action("a new account's mailbox was proven", by_owner=True),
    "account.approved": Action("an operator approved an account"),
    "account.rejected": Action("an operator rejected an account"),
    "account.profile_changed": Action("fields of a profile were changed"),
    "account.email_changed": Action("a new mailbox was proven and took the old one's place", by_owner=True),
    "account.password_changed": Action("a password was changed or reset", by_owner=True),
    "account.suspended": Action("an account was suspended; its sessions ended"),
    "account.reinstated": Action("a suspension was lifted"),
    "account.closed": Action("an account was closed for good"),
    "binding.requested": Action("a link account asked for a binding, knowing the password"),
    "binding.verified": Action("the mailed code was entered"),
    "binding.removed": Action("a binding ended; sessions acting by it ended"),
    "verification.requested": Action("a link that proves a new account's mailbox was asked for"),
    "bind_code.issued": Action("a bind code was issued"),
    "email_change.requested": Action("a link that proves a new mailbox was asked for"),
    "password_reset.requested": Action("a link that sets a new password was asked for"),
    "registration.conflicted": Action("a mailbox was given that another account holds; its owner is told"),
    # What nobody outside is told of.
    "session.opened": Action("a login", by_owner=True),
    "session.closed": Action("a logout"),
    "session.ended": Action("one session was ended from another, or by an operator"),
    "session.others_ended": Action("all other sessions were ended"),
    "session.switched": Action("a link account goes on as a bound account"),
    "session.returned": Action("back to the link account"),
    "session.refused": Action("a login was refused", result="refused"),
    "consent.accepted": Action("the texts in force were accepted"),
    "password.refused": Action("the present password, asked for again, was wrong", result="refused"),
    "binding.refused": Action("a binding was refused for its password", result="refused"),
    "bind_code.refused": Action("a bind code was refused", result="refused"),
    "binding.dismissed": Action("a binding that the other side ended was put away"),
    "email_change.withdrawn": Action("a change of mailbox was withdrawn"),
    # What operators do beside deciding on accounts.
    "account.unlocked": Action("an operator lifted the lock that failed logins left"),
    "account.sessions_ended": Action("an operator ended an account's sessions"),
    "account.mailbox_set": Action("an operator set a new mailbox, to be proven by its link"),
    "account.exported": Action("a person's data were written out"),
    "account.erased": Action("an account's personal data were emptied"),
    "account.act_refused": Action("an operator's act was refused by the account's state", result="refused"),
    "client.added": Action("a service that may ask was made"),
    "client.rotated": Action("a service got a new secret"),
    "client.former_ended": Action("a service's old secret was ended"),
    "client.revoked": Action("a service was ended for good"),
    "client.rights_set": Action("a service's rights were set"),
    "audit.pruned": Action("segments of this log past their time were dropped"),
}


def parse_operator(raw: str) -> str:
    """Return an operator's name: printable, at most 64 characters. Raises InvalidValue."""
    return parse_line(raw, min_length=1, max_length=MAX_OPERATOR_CHARACTERS)


def parse_reason(raw: str) -> str:
    """Return why an operator acts, in one line. Raises InvalidValue."""
    return parse_line(raw, min_length=MIN_REASON_CHARACTERS, max_length=MAX_REASON_CHARACTERS)
