"""The model of the state machine: accounts, bindings, codes, sessions and their events in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.actors.people import Person

WEEK, DAY, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(minutes=1)
MAX_TRIES, MAX_SESSIONS = 5, 20
_PREDICTABLE_MAILS = 5
"""From this number of mails a day, the model allows a refusal by a rate limit but does not predict it."""


@dataclass(eq=False)
class ModelAccount:
    """An account; `events` contains its events so far as short texts."""

    person: Person
    registered_at: datetime
    events: list[str]
    verified: bool = False
    suspended: bool = False
    closed: bool = False
    mailed_at: list[datetime] = field(default_factory=list)
    code_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.verified and not self.suspended and not self.closed

    def lapsed(self, now: datetime) -> bool:
        """Return whether the account was not verified within a week (VER-7)."""
        return not self.verified and now >= self.registered_at + WEEK

    def may_be_rate_limited(self, now: datetime) -> bool:
        """Return whether a rate limit other than the minute between codes may refuse a mail (SEC-6)."""
        return sum(at > now - DAY for at in self.mailed_at) >= _PREDICTABLE_MAILS

    def too_soon(self, now: datetime) -> bool:
        """Return whether a code was mailed within the last minute (BIND-6)."""
        return self.code_at is not None and now < self.code_at + MINUTE

    def record_code_mail(self, now: datetime) -> None:
        self.code_at = now
        self.mailed_at.append(now)


@dataclass(eq=False)
class ModelCode:
    digits: str
    issued_at: datetime
    tries: int = 0


@dataclass(eq=False)
class ModelBinding:
    id: str
    link: ModelAccount
    general: ModelAccount
    requested_at: datetime
    code: ModelCode | None
    status: str = "unverified"

    def lapsed(self, now: datetime) -> bool:
        """Return whether the binding was not verified within a week (BIND-8)."""
        return self.status == "unverified" and now >= self.requested_at + WEEK

    def is_live(self, now: datetime) -> bool:
        return self.status != "removed" and not self.lapsed(now)


@dataclass(eq=False)
class ModelSession:
    """A session with its current token."""

    token: str
    account: ModelAccount
    acting: ModelBinding | None = None
    open: bool = True


@dataclass
class Model:
    links: list[ModelAccount] = field(default_factory=list)
    generals: list[ModelAccount] = field(default_factory=list)
    bindings: list[ModelBinding] = field(default_factory=list)
    sessions: list[ModelSession] = field(default_factory=list)

    @property
    def accounts(self) -> list[ModelAccount]:
        return [*self.links, *self.generals]

    def unremoved_binding(self, general: ModelAccount) -> ModelBinding | None:
        """Return the account's only binding that is not removed, if any (BIND-4). The binding may have lapsed."""
        living = [each for each in self.bindings if each.general is general and each.status != "removed"]
        assert len(living) <= 1
        return living[0] if living else None

    def remove(self, binding: ModelBinding, reason: str) -> None:
        """End a binding, its code and its switched sessions (SW-5), and record the event."""
        binding.status, binding.code = "removed", None
        binding.general.events.append(f"binding.removed {binding.id} {reason}")
        for session in self.sessions:
            session.open &= session.acting is not binding

    def open_session(self, session: ModelSession) -> None:
        """Add a session, and end the account's oldest session if it has more than twenty (SEC-19)."""
        self.sessions.append(session)
        own = [each for each in self.sessions if each.open and each.account is session.account]
        for each in own[:-MAX_SESSIONS]:
            each.open = False

    def end_sessions(self, holder: ModelAccount, *, but: ModelSession | None = None) -> None:
        """End the account's sessions, and the sessions switched to the account, except `but`."""
        for session in self.sessions:
            acts = session.acting is not None and session.acting.general is holder
            session.open &= session is but or not (acts or session.account is holder)

    def lapsed_bindings(self, now: datetime) -> Iterator[ModelBinding]:
        return (binding for binding in self.bindings if binding.lapsed(now))
