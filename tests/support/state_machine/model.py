"""What the state machine believes: accounts, bindings, codes and sessions in plain Python, with the events so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.actors.people import Person

WEEK, DAY, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(minutes=1)
MOST_TRIES = 5
_SHARE = 5
"""From so many mails to one mailbox in a day on, the model leaves it to the limits' own tests which is refused."""


@dataclass(eq=False)
class Holder:
    """An account; `events` are those announced of it, each as one short text."""

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
        """Neither unverified nor suspended nor closed."""
        return self.verified and not self.suspended and not self.closed

    def lapsed(self, now: datetime) -> bool:
        """VER-7."""
        return not self.verified and now >= self.registered_at + WEEK

    def may_be_full(self, now: datetime) -> bool:
        """Tell whether a limit beyond the minute between two codes may refuse (SEC-6)."""
        return sum(at > now - DAY for at in self.mailed_at) >= _SHARE

    def too_soon(self, now: datetime) -> bool:
        """BIND-6."""
        return self.code_at is not None and now < self.code_at + MINUTE

    def code_mailed(self, now: datetime) -> None:
        """Note one."""
        self.code_at = now
        self.mailed_at.append(now)


@dataclass(eq=False)
class Code:
    """The code that is good now."""

    digits: str
    issued_at: datetime
    tries: int = 0


@dataclass(eq=False)
class Bound:
    """A binding."""

    id: str
    link: Holder
    general: Holder
    requested_at: datetime
    code: Code | None
    status: str = "unverified"

    def lapsed(self, now: datetime) -> bool:
        """BIND-8."""
        return self.status == "unverified" and now >= self.requested_at + WEEK

    def stands(self, now: datetime) -> bool:
        """Live for everybody who asks."""
        return self.status != "removed" and not self.lapsed(now)


@dataclass(eq=False)
class Sitting:
    """A session by its present token."""

    token: str
    holder: Holder
    acting: Bound | None = None
    open: bool = True


@dataclass
class Model:
    """All of it."""

    links: list[Holder] = field(default_factory=list)
    generals: list[Holder] = field(default_factory=list)
    bindings: list[Bound] = field(default_factory=list)
    sittings: list[Sitting] = field(default_factory=list)

    @property
    def holders(self) -> list[Holder]:
        """Everybody."""
        return [*self.links, *self.generals]

    def live(self, general: Holder) -> Bound | None:
        """Return the one binding that lives (BIND-4)."""
        living = [each for each in self.bindings if each.general is general and each.status != "removed"]
        assert len(living) <= 1
        return living[0] if living else None

    def remove(self, binding: Bound, reason: str) -> None:
        """End a binding, its code and the sessions that act through it (SW-5)."""
        binding.status, binding.code = "removed", None
        binding.general.events.append(f"binding.removed {binding.id} {reason}")
        for sitting in self.sittings:
            sitting.open &= sitting.acting is not binding

    def end_sittings(self, holder: Holder, *, but: Sitting | None = None) -> None:
        """End what an account holds and what acts as it."""
        for sitting in self.sittings:
            acts = sitting.acting is not None and sitting.acting.general is holder
            sitting.open &= sitting is but or not (acts or sitting.holder is holder)

    def lapse(self, now: datetime) -> Iterator[Bound]:
        """Yield the bindings that time alone ends."""
        return (binding for binding in self.bindings if binding.lapsed(now))
