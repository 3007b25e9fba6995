"""All refusals of the identity service; `http/problems.py` maps each to a status and a message."""

from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818  # a refusal is not an error of the program
    """A request that the rules do not allow. Attributes contain the data for the response."""


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
    """Too many failed attempts; even the correct password is refused (LOGIN-2).

    `of_service` is set for a service client, which cannot reset its secret.
    """

    of_service: bool = False


class TooManyChecks(RetryLater):
    """The current password was entered too often, whether or not it was correct (SEC-19)."""


class TooManyChanges(RetryLater):
    """The profile was changed too often (SEC-19)."""


class TooManySwitches(RetryLater):
    """The session has switched too often (SEC-19)."""


class TooSoon(RetryLater):
    """The quota for requested mails is exhausted (VER-5, BIND-6, SEC-6)."""


class TooManyRequests(RetryLater):
    """Too many requests from one address (SEC-3), or too many logins of one person at services (OIDC-8)."""


class Busy(RetryLater):
    """The queue for password hashes is full (SEC-1)."""


class Unavailable(RetryLater):
    """The database is not available."""


class NotSignedIn(Refusal):
    """The request has no session, or its session has ended."""


class SessionEnded(NotSignedIn):
    """The session has ended after too many wrong current passwords (SEC-19)."""


@dataclass(eq=False)
class BadCredentials(Refusal):
    """The account is unknown or the password wrong; the response is the same (LOGIN-1).

    `tries_left` is the number of attempts before a lock.
    """

    tries_left: int | None = None


class BadClient(Refusal):
    """The service client sent no valid secret or assertion (SEC-12, OIDC-18)."""


class InvalidProof(Refusal):
    """The DPoP proof is not valid for this request (OIDC-17)."""


class InvalidIdToken(Refusal):
    """The `id_token_hint` is damaged or was not signed by this service (OIDC-23)."""


@dataclass(eq=False)
class ScopeMissing(Refusal):
    """The service client lacks this `right` (SEC-12)."""

    right: str


@dataclass(eq=False)
class BadPassword(Refusal):
    """The current password of a logged-in account was wrong (PRO-2, PRO-4).

    `tries_left` is the number of attempts before the session ends.
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
    """The session has an open `step`: verify the email, await review, or consent."""

    step: str


class ForbiddenWhileSwitched(Refusal):
    """The operation is not allowed in a switched session (SW-4)."""


class WrongKind(Refusal):
    """The operation is only available to the other kind of account."""


class ForeignOrigin(Refusal):
    """Another site sent a request with the portal's cookie (SEC-8)."""


class NotFound(Refusal):
    """The object does not exist or does not belong to the caller; the response is the same."""


class UsernameTaken(Refusal):
    """An open account has this username (REG-3)."""


class MailboxTaken(Refusal):
    """Another account uses the mailbox; disclosed only on the page of the mailed link (REG-9)."""


class LinkInvalid(Refusal):
    """The link has an invalid signature (VER-4)."""


@dataclass(eq=False)
class LinkExpired(Refusal):
    """The link has expired (VER-4); the message depends on its `purpose`."""

    purpose: str


class LinkSuperseded(Refusal):
    """A newer mail or a change of the account invalidated the link (VER-5, PRO-2)."""


class LinkUsed(Refusal):
    """The password reset link was used before (SEC-4)."""


class AlreadyVerified(Refusal):
    """The mailbox is already verified (VER-5)."""


@dataclass(eq=False, kw_only=True)
class NotBindable(Refusal):
    """The account is not active, or is a link account (`is_link`); disclosed after the correct password (BIND-3)."""

    is_link: bool = False


@dataclass(eq=False, kw_only=True)
class AlreadyBound(Refusal):
    """The account is already bound: to the caller if `here`, otherwise to another link account (BIND-3, BIND-4)."""

    here: bool


@dataclass(eq=False)
class CodeWrong(Refusal):
    """The code is wrong; `tries_left` attempts remain (BIND-6)."""

    tries_left: int


class CodeExpired(Refusal):
    """The code has expired, or a change of mailbox invalidated it (BIND-6, PRO-2)."""


class CodeExhausted(Refusal):
    """No attempts remain for the code; a new code must be requested (BIND-6)."""


class NotVerified(Refusal):
    """The binding is not verified, or its account is not active (SW-1)."""


class AlreadySwitched(Refusal):
    """The session is already switched (SW-1)."""


class NotSwitched(Refusal):
    """The session is not switched (SW-3)."""


class PasswordReused(Refusal):
    """The new password is one of the last three (SEC-2)."""


class ConsentOutdated(Refusal):
    """The accepted versions of the texts are not the current versions (LOGIN-3)."""


class RevisionMissing(Refusal):
    """A change was sent without the header `If-Match` (PRO-5)."""


class RevisionStale(Refusal):
    """The data have changed since this revision (PRO-5)."""


class CursorExpired(Refusal):
    """Events after this position were purged, or the position is unknown; start from the snapshot (EVT-6)."""


@dataclass(eq=False)
class WrongState(Refusal):
    """The `state` of the account or binding does not allow an operator's action (REV-2)."""

    state: str


class OperatorMissing(Refusal):
    """A request to the admin API has no valid operator name (OPS-1)."""


@dataclass(eq=False)
class Conflict(Exception):  # noqa: N818  # use cases turn it into a refusal
    """A unique index refused a change; `key` is the column."""

    key: str
