"""Refusals, which `http/problems.py` turns into responses. `oauth_errors.py` has those of the OAuth endpoints only."""

from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818  # a refusal is not an error of the program
    """A request is refused. The attributes contain the data for the response."""


class InvalidValue(Refusal):
    """An invalid value: a stable `code`, and the `values` for its message (REG-11).

    `case` selects the message if the code has several.
    """

    def __init__(self, code: str, case: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.case = case
        self.values = values


@dataclass(eq=False)
class RetryLater(Refusal):
    """The request is allowed after `retry_after_seconds`."""

    retry_after_seconds: int


@dataclass(eq=False)
class Locked(RetryLater):
    """Too many failed attempts. A person's correct password is refused too (LOGIN-2).

    `of_service` is set for a service client, whose correct secret or assertion is still accepted.
    """

    of_service: bool = False


class TooManyChecks(RetryLater):
    """The correct current password was entered too often; no password is checked until the window ends (SEC-19)."""


class TooManyChanges(RetryLater):
    """The profile was changed too often (SEC-19)."""


class TooManySwitches(RetryLater):
    """The session has switched too often (SEC-19)."""


class TooSoon(RetryLater):
    """A limit on requested mails is reached (VER-5, BIND-6, SEC-6)."""


class TooManyRequests(RetryLater):
    """Too many registrations or stored authorization requests from one client address, or grants of one person."""


class Busy(RetryLater):
    """The queue for password hashes is full (SEC-1)."""


class Unavailable(RetryLater):
    """The database is unavailable or overloaded, or other transactions repeatedly prevented the creation of a grant."""


class NotSignedIn(Refusal):
    """The request has no session, or its session or account can no longer be used."""


class SessionEnded(NotSignedIn):
    """The session has ended after too many wrong current passwords (SEC-19)."""


@dataclass(eq=False)
class BadCredentials(Refusal):
    """The account is unknown, the password is wrong, or a reason is not disclosed (LOGIN-1).

    `tries_left` is the number of attempts before a lock, or None if a correct password was refused for another reason.
    """

    tries_left: int | None = None


class BadClient(Refusal):
    """The request does not authenticate a service client (SEC-12, OIDC-18)."""


class InvalidProof(Refusal):
    """The DPoP proof is not valid for this request, or was used before (OIDC-17)."""


class InvalidIdToken(Refusal):
    """The `id_token_hint` is not an ID token that identity issued (OIDC-23)."""


@dataclass(eq=False)
class ScopeMissing(Refusal):
    """The service client lacks this `right` (SEC-12)."""

    right: str


@dataclass(eq=False)
class BadPassword(Refusal):
    """The current password of a logged-in account was wrong (PRO-2, PRO-4, VER-8).

    `tries_left` is the number of attempts before the session ends, or None if the password changed during the request.
    """

    tries_left: int | None = None


class AccountSuspended(Refusal):
    """The account is suspended; disclosed only after the correct password."""


@dataclass(eq=False)
class ReviewRejected(Refusal):
    """The registration was rejected for `reason`; disclosed only after the correct password (REV-3)."""

    reason: str


@dataclass(eq=False)
class StepRequired(Refusal):
    """The request does not fit the person's next step after login. `step` is that step, or "" if none remains."""

    step: str


class ForbiddenWhileSwitched(Refusal):
    """The operation is not allowed in a switched session (SW-4)."""


class WrongKind(Refusal):
    """The operation is only available to the other kind of account."""


class ForeignOrigin(Refusal):
    """The request has the session cookie, but may come from a page of another origin (SEC-8)."""


class NotFound(Refusal):
    """The object does not exist or does not belong to the caller; the response is the same."""


class UsernameTaken(Refusal):
    """An account that is not closed has this username (REG-3)."""


class MailboxTaken(Refusal):
    """Another verified account uses the mailbox; disclosed only to users of a mailed link and to operators (REG-9)."""


class LinkInvalid(Refusal):
    """The link is damaged, or is not a link of this page (VER-4)."""


@dataclass(eq=False)
class LinkExpired(Refusal):
    """The link has expired, or its account is closed or has lapsed (VER-4). The message depends on the `purpose`."""

    purpose: str


class LinkSuperseded(Refusal):
    """A newer mail or a change of the account invalidated the link (VER-5, PRO-2)."""


class LinkUsed(Refusal):
    """The password reset link was used before (SEC-4)."""


class AlreadyVerified(Refusal):
    """The mailbox is already verified (VER-5)."""


@dataclass(eq=False, kw_only=True)
class NotBindable(Refusal):
    """The account is a link account (`is_link`), or is not active (BIND-3)."""

    is_link: bool = False


@dataclass(eq=False, kw_only=True)
class AlreadyBound(Refusal):
    """The account is already bound, to the caller if `here`, otherwise to another link account (BIND-3, BIND-4)."""

    here: bool


@dataclass(eq=False)
class CodeWrong(Refusal):
    """The code is wrong; `tries_left` attempts remain (BIND-6)."""

    tries_left: int


class CodeExpired(Refusal):
    """The code has expired, or was deleted, for example after a change of mailbox (BIND-6, PRO-2)."""


class CodeExhausted(Refusal):
    """No attempts remain for the code; a new code must be requested (BIND-6)."""


class NotVerified(Refusal):
    """The binding is not verified, or its general account is not active (SW-1)."""


class AlreadySwitched(Refusal):
    """The session is already switched (SW-1)."""


class NotSwitched(Refusal):
    """The session is not switched (SW-3)."""


class PasswordReused(Refusal):
    """The new password is one of the last three (SEC-2)."""


class ConsentOutdated(Refusal):
    """The accepted versions of the texts are not the current versions (LOGIN-3)."""


class RevisionMissing(Refusal):
    """A change of the profile was sent without the header `If-Match` (PRO-5)."""


class RevisionStale(Refusal):
    """The profile's revision is not one of those in the header `If-Match`, or the header is malformed (PRO-5)."""


class CursorExpired(Refusal):
    """The feed no longer has the event after this position, or the position is beyond the newest event (EVT-6)."""


@dataclass(eq=False)
class WrongState(Refusal):
    """The `state` of the account, binding or service client does not allow an operator's action (OPS-1)."""

    state: str


class OperatorMissing(Refusal):
    """A request to the admin API has no valid operator name (OPS-1)."""


@dataclass(eq=False)
class Conflict(Exception):  # noqa: N818  # use cases turn it into a refusal
    """A unique index refused a change; `key` is its column."""

    key: str
