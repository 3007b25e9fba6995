"""Every refusal of the identity service, one tree; `http/problems.py` gives each its status and sentence."""

from collections.abc import Iterable
from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818  # named for what it tells
    """A request that the rules do not grant. Data that the caller needs stands in attributes."""


class InvalidValue(Refusal):
    """One wrong value: a stable `code`, and the `values` that its sentence needs (REG-11).

    `case` tells apart the sentences of a code that has several.
    """

    def __init__(self, code: str, case: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.case = case
        self.values = values


@dataclass(frozen=True, slots=True)
class FieldError:
    """A fault with the JSON pointer of the field it belongs to."""

    pointer: str
    code: str
    detail: str


class InvalidInput(Refusal):
    """One or more fields are wrong; all of them are told at once (REG-11)."""

    def __init__(self, faults: Iterable[FieldError]) -> None:
        self.errors = tuple(faults)
        super().__init__(", ".join(f"{fault.pointer}: {fault.code}" for fault in self.errors))


class RetryLater(Refusal):
    """Granted later: `retry_after_seconds` says when."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"retry after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Locked(RetryLater):
    """Too many failures; the right password is refused too (LOGIN-2)."""


class PasswordLocked(Locked):
    """Too many wrong entries of the present password, asked for again (PRO-2, PRO-4)."""


class TooSoon(RetryLater):
    """A mail was asked for before the wait was over, or above the day's cap (VER-5, BIND-6, SEC-6)."""


class TooManyRequests(RetryLater):
    """One address asks more than its share (SEC-3)."""


class Busy(RetryLater):
    """The queue for password hashes is full (SEC-1)."""


class Unavailable(RetryLater):
    """The database does not answer."""


class NotSignedIn(Refusal):
    """No session, or one that has ended."""


class BadCredentials(Refusal):
    """Unknown account or wrong password, never told apart (LOGIN-1)."""


class BadClient(Refusal):
    """A call for services without a secret, or with one that is unknown, ended or another's (SEC-12)."""


class ScopeMissing(Refusal):
    """The service is known, but may not do this; `right` is the one it lacks (SEC-12)."""

    def __init__(self, right: str) -> None:
        super().__init__(right)
        self.right = right


class BadPassword(Refusal):
    """The present password, asked for again, is wrong (PRO-2, PRO-4)."""


class AccountSuspended(Refusal):
    """Told only to who knows the password."""


class StepRequired(Refusal):
    """The session must first do its `next` step: verify the email, await review, consent."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class ForbiddenWhileSwitched(Refusal):
    """Belongs to the general account's own holder (SW-4)."""


class WrongKind(Refusal):
    """A call of the other kind of account."""


class ForeignOrigin(Refusal):
    """A call with the portal's cookie that comes from another site (SEC-8)."""


class NotFound(Refusal):
    """No such thing, or not the caller's: never told apart."""


class UsernameTaken(Refusal):
    """REG-3."""


class MailboxTaken(Refusal):
    """Told only on the page of the link, to the mailbox's owner (REG-9)."""


class LinkInvalid(Refusal):
    """Damaged, foreign or made up (VER-4)."""


class LinkExpired(Refusal):
    """Past its time (VER-4); `purpose` says what to do next."""

    def __init__(self, purpose: str) -> None:
        super().__init__(purpose)
        self.purpose = purpose


class LinkSuperseded(Refusal):
    """A newer mail was sent, or a change has made it void (VER-5, PRO-2)."""


class LinkUsed(Refusal):
    """The password was set by it already (SEC-4)."""


class AlreadyVerified(Refusal):
    """Another mail is not needed (VER-5)."""


class NotBindable(Refusal):
    """A link account, or one not verified, not reviewed or suspended (BIND-3).

    Told only to who knew the right password, when asking for the binding or before giving its code.
    """


class AlreadyBound(Refusal):
    """Bound already, here (`here` is true) or elsewhere (BIND-3, BIND-4)."""

    def __init__(self, *, here: bool) -> None:
        super().__init__("here" if here else "elsewhere")
        self.here = here


class CodeWrong(Refusal):
    """`tries_left` more tries with this code (BIND-6)."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


class CodeExpired(Refusal):
    """Past 24 hours, or voided by a change of email (BIND-6, PRO-2)."""


class CodeExhausted(Refusal):
    """Tried five times; only a new one helps (BIND-6)."""


class NotVerified(Refusal):
    """A switch to a binding that is not verified (SW-1)."""


class AlreadySwitched(Refusal):
    """SW-1."""


class NotSwitched(Refusal):
    """A return from a session that acts for itself."""


class PasswordReused(Refusal):
    """One of the last three (SEC-2)."""


class ConsentOutdated(Refusal):
    """Not exactly the present versions of all texts were accepted (LOGIN-3)."""


class RevisionMissing(Refusal):
    """A change without `If-Match`."""


class RevisionStale(Refusal):
    """Somebody saved meanwhile (PRO-5)."""


class CursorExpired(Refusal):
    """What follows this position was dropped, or it is none of this database: begin from the snapshot (EVT-6)."""


class WrongState(Refusal):
    """An operator's act that the state of the account or the binding does not allow; `state` is that (REV-2)."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class OperatorMissing(Refusal):
    """A service's call to the admin API that names no operator, or by a name that is none (OPS-1)."""


class Conflict(Exception):  # noqa: N818  # named for what it tells
    """A unique index refused a change; `key` is the column. Use cases turn it into a refusal."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
