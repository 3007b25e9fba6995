"""All refusals of the identity service; `http/problems.py` maps each to its status and sentence."""

from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818  # a refusal is no error of the program
    """A request that the rules do not allow. Attributes carry the data of the response."""


class InvalidValue(Refusal):
    """One wrong value: a stable `code`, and the `values` that its sentence needs (REG-11).

    `case` tells apart the sentences of a code that has several.
    """

    def __init__(self, code: str, case: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.case = case
        self.values = values


@dataclass(eq=False)
class RetryLater(Refusal):
    """Allowed after `retry_after_seconds`."""

    retry_after_seconds: int


@dataclass(eq=False)
class Locked(RetryLater):
    """Too many failed attempts; even the right password is refused (LOGIN-2). A service cannot reset its secret."""

    of_service: bool = False


class TooManyChecks(RetryLater):
    """The current password was entered too often, even if correctly (SEC-19)."""


class TooManyChanges(RetryLater):
    """The profile was changed too often (SEC-19)."""


class TooManySwitches(RetryLater):
    """The session has switched too often (SEC-19)."""


class TooSoon(RetryLater):
    """The quota of requested mails is exhausted (VER-5, BIND-6, SEC-6)."""


class TooManyRequests(RetryLater):
    """Too many requests from one address (SEC-3), or too many logins of one person at services (OIDC-8)."""


class Busy(RetryLater):
    """The queue for password hashes is full (SEC-1)."""


class Unavailable(RetryLater):
    """The database is not available."""


class NotSignedIn(Refusal):
    """No session, or one that has ended."""


class SessionEnded(NotSignedIn):
    """The current password was entered wrongly too often in this session, which has ended (SEC-19)."""


@dataclass(eq=False)
class BadCredentials(Refusal):
    """Unknown account or wrong password. The response is the same, with the `tries_left` before a lock (LOGIN-1)."""

    tries_left: int | None = None


class BadClient(Refusal):
    """A service client without a valid secret or assertion (SEC-12, OIDC-18)."""


class InvalidProof(Refusal):
    """A DPoP proof that is not valid for this request (OIDC-17)."""


class InvalidIdToken(Refusal):
    """An `id_token_hint` that was not signed here or is damaged (OIDC-23)."""


@dataclass(eq=False)
class ScopeMissing(Refusal):
    """The service client lacks this `right` (SEC-12)."""

    right: str


@dataclass(eq=False)
class BadPassword(Refusal):
    """The current password of a logged-in account was wrong (PRO-2, PRO-4); `tries_left` before the session ends."""

    tries_left: int | None = None


class AccountSuspended(Refusal):
    """The account is suspended; disclosed only after the right password."""


@dataclass(eq=False)
class ReviewRejected(Refusal):
    """The application was rejected, with the `reason`; disclosed only after the right password (REV-3)."""

    reason: str


@dataclass(eq=False)
class StepRequired(Refusal):
    """The session has an open `step`: verify the email, await review, or consent."""

    step: str


class ForbiddenWhileSwitched(Refusal):
    """Not allowed in a switched session (SW-4)."""


class WrongKind(Refusal):
    """Only for the other kind of account."""


class ForeignOrigin(Refusal):
    """A request with the portal's cookie from another site (SEC-8)."""


class NotFound(Refusal):
    """It does not exist, or is not the caller's; the response is the same."""


class UsernameTaken(Refusal):
    """An open account has this name (REG-3)."""


class MailboxTaken(Refusal):
    """Another account holds the mailbox; disclosed only on the page of the mailed link (REG-9)."""


class LinkInvalid(Refusal):
    """A link with an invalid signature (VER-4)."""


@dataclass(eq=False)
class LinkExpired(Refusal):
    """An expired link (VER-4); the advice depends on its `purpose`."""

    purpose: str


class LinkSuperseded(Refusal):
    """A link voided by a newer mail or a change of the account (VER-5, PRO-2)."""


class LinkUsed(Refusal):
    """A password reset link that was used before (SEC-4)."""


class AlreadyVerified(Refusal):
    """The mailbox is verified; no mail is needed (VER-5)."""


@dataclass(eq=False, kw_only=True)
class NotBindable(Refusal):
    """Not an active general account, or one of links if `is_link` (BIND-3); disclosed only after the right password."""

    is_link: bool = False


@dataclass(eq=False, kw_only=True)
class AlreadyBound(Refusal):
    """The account is bound: to the caller if `here`, else to another link account (BIND-3, BIND-4)."""

    here: bool


@dataclass(eq=False)
class CodeWrong(Refusal):
    """A wrong code, with `tries_left` (BIND-6)."""

    tries_left: int


class CodeExpired(Refusal):
    """An expired code, or one voided by a change of mailbox (BIND-6, PRO-2)."""


class CodeExhausted(Refusal):
    """A code without tries left; a new one must be requested (BIND-6)."""


class NotVerified(Refusal):
    """The binding is not verified, or its account not active (SW-1)."""


class AlreadySwitched(Refusal):
    """The session is switched already (SW-1)."""


class NotSwitched(Refusal):
    """The session is not switched (SW-3)."""


class PasswordReused(Refusal):
    """The new password is one of the last three (SEC-2)."""


class ConsentOutdated(Refusal):
    """Other versions of the texts were accepted than the current ones (LOGIN-3)."""


class RevisionMissing(Refusal):
    """A change without the header `If-Match` (PRO-5)."""


class RevisionStale(Refusal):
    """The data have changed since this revision (PRO-5)."""


class CursorExpired(Refusal):
    """Events after this position were purged, or the position is unknown; start from the snapshot (EVT-6)."""


@dataclass(eq=False)
class WrongState(Refusal):
    """The `state` of the account or binding does not allow an operator's action (REV-2)."""

    state: str


class OperatorMissing(Refusal):
    """A request to the admin API without a valid operator name (OPS-1)."""


@dataclass(eq=False)
class Conflict(Exception):  # noqa: N818  # use cases turn it into a refusal
    """A unique index refused a change; `key` is the column."""

    key: str
