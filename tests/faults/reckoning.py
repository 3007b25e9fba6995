"""The reckoning: what was committed against what others saw and what was mailed. Every figure lists its cases."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from tests.faults.evidence import Evidence, Row, Seen
from tests.faults.faults import Wipe
from tests.faults.postbag import Arrival

Instant = Literal["unnoted", "wiped"]
"""Between the server's answer and our note; a Redis wiped before its receipt reached the database (MAIL-3)."""
LATE_SECONDS = 1.0
"""From the mailer's last look at the clock to our note of the acceptance, on a machine with every core busy."""
IN_FLIGHT_SECONDS = 60.0
"""How long after a wipe a mail that was in flight then may come a second time."""
_CLAIMED_SECONDS = 15.0
"""How long after a wipe a mailer may still send by a claim from before: a lease, and the mail server's patience."""
_MS = 1000


@dataclass(slots=True)
class Reckoning:
    """Lists of the cases, by what they are; those in `wrong` must all be empty."""

    changes: int = 0
    events: int = 0
    mails: int = 0
    unpublished_changes: list[str] = field(default_factory=list)
    unfounded_events: list[str] = field(default_factory=list)
    events_lost: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    mails_lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    doubled_unnoted: list[str] = field(default_factory=list)
    doubled_wiped: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    mails_by_state: dict[str, int] = field(default_factory=dict)

    def doubles(self, instant: Instant | None) -> list[str]:
        """Return the list for doubles of that cause."""
        if instant is None:
            return self.doubled
        return self.doubled_unnoted if instant == "unnoted" else self.doubled_wiped

    def wrong(self) -> dict[str, list[str]]:
        """Return what must not be, by name; empty when the promise holds."""
        named = {
            "changes without their event": self.unpublished_changes,
            "events without their change": self.unfounded_events,
            "events lost": self.events_lost,
            "events out of order for a subject": self.out_of_order,
            "events repeated after dedupe": self.repeated,
            "mails lost": self.mails_lost,
            "mails doubled": self.doubled,
            "mails sent after their expiry": self.late,
        }
        return {name: cases for name, cases in named.items() if cases}


def reckon(evidence: Evidence) -> Reckoning:
    """Compare everything with everything."""
    found = Reckoning(changes=sum(evidence.facts.values()), events=len(evidence.rows))
    _compare_changes(evidence, found)
    for group, seen in evidence.seen.items():
        _compare_seen(group, seen, evidence.rows, found)
    _compare_mails(evidence, found)
    return found


def _compare_changes(evidence: Evidence, found: Reckoning) -> None:
    announced = Counter((row.subject, row.type) for row in evidence.rows)
    expected = evidence.facts
    found.unpublished_changes += [
        f"{kind} of {subject}" for subject, kind in (expected - announced).elements()
    ]
    found.unfounded_events += [f"{kind} of {subject}" for subject, kind in (announced - expected).elements()]


def _compare_seen(group: str, seen: Sequence[Seen], rows: Sequence[Row], found: Reckoning) -> None:
    times = Counter(each.event_id for each in seen)
    found.events_lost += [
        f"{row.event_id} ({row.type}) by {group}" for row in rows if not times[row.event_id]
    ]
    found.repeated += [f"{event_id} at {group}" for event_id, count in times.items() if count > 1]
    known = {row.event_id for row in rows}
    found.unfounded_events += [f"{event_id}, seen by {group}" for event_id in times.keys() - known]
    newest: dict[str, int] = defaultdict(int)
    for each in seen:
        if each.sequence < newest[each.subject]:
            found.out_of_order.append(
                f"{each.event_id} at {group}: {each.sequence} after {newest[each.subject]}"
            )
        newest[each.subject] = max(newest[each.subject], each.sequence)


def _compare_mails(evidence: Evidence, found: Reckoning) -> None:
    by_event: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in evidence.arrivals:
        by_event[arrival.event_id].append(arrival)
    for row in evidence.rows:
        if row.mail_state is None:
            continue
        found.mails += 1
        found.mails_by_state[row.mail_state] = found.mails_by_state.get(row.mail_state, 0) + 1
        came = by_event.pop(row.event_id, [])
        if reason := _lost(row, came, evidence):
            found.mails_lost.append(f"{row.event_id} ({row.type}): {reason}")
        found.late += list(_late(row, came))
        for pair in pairwise(came):
            told = f"{row.event_id} ({row.type}): {_story(row, pair, evidence)}"
            found.doubles(_instant(row, pair, evidence)).append(told)
    found.unfounded_events += [f"a mail of {event_id}, which nobody asked for" for event_id in by_event]


def _lost(row: Row, came: Sequence[Arrival], evidence: Evidence) -> str | None:
    """Say why a mail counts as lost, or None: it came, its refusal was told, or it had expired."""
    if came:
        return None
    if row.mail_state == "refused":
        return None if _was_refused(row, evidence) else "refused, and the mail server never said so"
    if row.mail_state == "expired" and row.mail_at and row.mail_expires_at:
        early = (row.mail_expires_at - row.mail_at).total_seconds()
        if early > evidence.ahead_seconds:
            return f"expired {early:.0f} s too early"
        return None if _had_no_chance(row, evidence) else "expired, though the mail server was there"
    return f"{row.mail_state}, and never came"


def _was_refused(row: Row, evidence: Evidence) -> bool:
    """Tell whether the mail server refused who the mail was for: of a binding's end the other side may be told."""
    readers = {row.subject}
    if row.type == "binding.removed":
        readers |= evidence.partners.get(row.subject, frozenset())
    return any(evidence.mailboxes[reader].casefold() in evidence.refused for reader in readers)


def _had_no_chance(row: Row, evidence: Evidence) -> bool:
    """Tell whether the mail server was away for most of the mail's validity."""
    assert row.mail_expires_at is not None
    born, died = row.created_at.timestamp(), row.mail_expires_at.timestamp() - evidence.ahead_seconds
    away = sum(max(0.0, min(died, end) - max(born, began)) for began, end in evidence.damage.droughts)
    return away >= (died - born) / 2


def _late(row: Row, came: Sequence[Arrival]) -> Iterator[str]:
    if row.mail_expires_at is None:
        return
    expired_at = row.mail_expires_at.timestamp()
    for arrival in came:
        if arrival.at > expired_at + LATE_SECONDS:
            yield f"{row.event_id} ({row.type}): {arrival.at - expired_at:.1f} s after its expiry"


def _instant(row: Row, pair: tuple[Arrival, Arrival], evidence: Evidence) -> Instant | None:
    """Return in which of MAIL-3's two instants a second acceptance has its cause, None for neither.

    A note is often made in the very millisecond of the acceptance that it notes.
    """
    first, second = pair
    if any(first.at < wipe.at < second.at and row.event_id in wipe.noted for wipe in evidence.damage.wipes):
        return None  # noted for good, and only Redis has forgotten
    given = evidence.receipts.get(row.event_id)
    if given is None or given >= math.floor(second.at * _MS):
        return "unnoted"
    if any(_in_flight(row, wipe, first, second) for wipe in evidence.damage.wipes):
        return "wiped"
    return None


def _story(row: Row, pair: tuple[Arrival, Arrival], evidence: Evidence) -> str:
    """Tell when what happened, in seconds after the first acceptance: what a double is understood by."""
    first, second = pair
    given = evidence.receipts.get(row.event_id)
    told = [f"again after {second.at - first.at:.3f} s"]
    told.append("never noted" if given is None else f"noted after {given / _MS - first.at:.3f}")
    for wipe in evidence.damage.wipes:
        if first.at - IN_FLIGHT_SECONDS < wipe.at < second.at:
            known = "known" if row.event_id in wipe.noted else "not known"
            told.append(
                f"Redis lost data after {wipe.at - first.at:.1f}, its receipt {known} to the database"
            )
    return ", ".join(told)


def _in_flight(row: Row, wipe: Wipe, first: Arrival, second: Arrival) -> bool:
    """Tell whether Redis forgot this mail before its receipt had reached the database."""
    published_before = row.created_at.timestamp() < wipe.at
    return (
        published_before
        and row.event_id not in wipe.noted
        and first.at < wipe.at + _CLAIMED_SECONDS
        and wipe.at < second.at < wipe.at + IN_FLIGHT_SECONDS
    )
