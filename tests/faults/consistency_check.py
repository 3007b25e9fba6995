"""Compares committed changes with their events in outbox, streams and consumers, and with mails and logout tokens."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from tests.faults.evidence import Evidence, HandledEvent, OutboxRow
from tests.faults.fault_kinds import Wipe
from tests.faults.recording_mailbox import Arrival
from tests.faults.stream_check import misplaced_entries

Cause = Literal["unrecorded", "wiped"]
"""Causes of a duplicate mail that MAIL-3 allows.

`unrecorded`: the mailer died before it recorded the mail server's answer. `wiped`: Redis lost its data before the
receipt was in the database.
"""
LATE_SECONDS = 1.0
"""The time that a busy machine may need from the mailer's last check of the expiry to the mail server's acceptance."""
IN_FLIGHT_SECONDS = 60.0
"""The maximum time after a wipe at which a mail in flight may arrive again."""
_CLAIMED_SECONDS = 15.0
"""The maximum time after a wipe at which a mailer may still send a mail that it claimed before the wipe.

This is more than the lease and the SMTP time-out together (5 s each).
"""
_MS = 1000


@dataclass(slots=True)
class ConsistencyReport:
    """Totals and cases of a run. MAIL-3 allows those of `duplicate_mails_unrecorded` and `duplicate_mails_wiped`."""

    changes: int = 0
    events: int = 0
    mails: int = 0
    unpublished_changes: list[str] = field(default_factory=list)
    unexpected_events: list[str] = field(default_factory=list)
    events_lost: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    mails_lost: list[str] = field(default_factory=list)
    duplicate_mails: list[str] = field(default_factory=list)
    duplicate_mails_unrecorded: list[str] = field(default_factory=list)
    duplicate_mails_wiped: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    logouts: int = 0
    logouts_repeated: int = 0
    logouts_lost: list[str] = field(default_factory=list)
    unexpected_logouts: list[str] = field(default_factory=list)
    mails_by_state: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)

    def duplicates_by(self, cause: Cause | None) -> list[str]:
        if cause is None:
            return self.duplicate_mails
        return self.duplicate_mails_unrecorded if cause == "unrecorded" else self.duplicate_mails_wiped

    def violations(self) -> dict[str, list[str]]:
        """Return the forbidden cases by name; a name without cases is left out."""
        named = {
            "changes without their event": self.unpublished_changes,
            "events without their change": self.unexpected_events,
            "events lost": self.events_lost,
            "events out of order for a subject": self.out_of_order,
            "events repeated after dedupe": self.duplicates,
            "entries on the wrong stream or at the wrong position": self.misplaced,
            "mails lost": self.mails_lost,
            "mails duplicated": self.duplicate_mails,
            "mails sent after their expiry": self.late,
            "logout notifications lost": self.logouts_lost,
            "logout notifications of active logins": self.unexpected_logouts,
        }
        return {name: cases for name, cases in named.items() if cases}


def check_consistency(evidence: Evidence) -> ConsistencyReport:
    report = ConsistencyReport(changes=sum(evidence.expected.values()), events=len(evidence.rows))
    _compare_changes(evidence, report)
    report.entries = {stream: len(entries) for stream, entries in evidence.streams.items()}
    report.misplaced += misplaced_entries(evidence.streams, evidence.rows)
    for group, handled in evidence.handled.items():
        _compare_handled(group, handled, evidence.rows, report)
    _compare_mails(evidence, report)
    _compare_logouts(evidence, report)
    return report


def _compare_changes(evidence: Evidence, report: ConsistencyReport) -> None:
    recorded = Counter((row.subject, row.type) for row in evidence.rows)
    expected = evidence.expected
    report.unpublished_changes += [
        f"{kind} of {subject}" for subject, kind in (expected - recorded).elements()
    ]
    report.unexpected_events += [f"{kind} of {subject}" for subject, kind in (recorded - expected).elements()]


def _compare_handled(
    group: str, handled: Sequence[HandledEvent], rows: Sequence[OutboxRow], report: ConsistencyReport
) -> None:
    times = Counter(each.event_id for each in handled)
    report.events_lost += [
        f"{row.event_id} ({row.type}) by {group}" for row in rows if not times[row.event_id]
    ]
    report.duplicates += [f"{event_id} at {group}" for event_id, count in times.items() if count > 1]
    known = {row.event_id for row in rows}
    report.unexpected_events += [f"{event_id}, seen by {group}" for event_id in times.keys() - known]
    newest: dict[str, int] = defaultdict(int)
    for each in handled:
        if each.sequence < newest[each.subject]:
            report.out_of_order.append(
                f"{each.event_id} at {group}: {each.sequence} after {newest[each.subject]}"
            )
        newest[each.subject] = max(newest[each.subject], each.sequence)


def _compare_logouts(evidence: Evidence, report: ConsistencyReport) -> None:
    """Compare the grants, their notifications and the logout tokens that the service received (OIDC-22)."""
    times = Counter(evidence.logout_tokens)
    for grant in evidence.grants:
        received = times.pop(grant.id, 0)
        if not grant.has_ended:
            report.unexpected_logouts += [grant.id] if received else []
            continue
        report.logouts += 1
        report.logouts_repeated += max(received - 1, 0)
        if grant.outcome is None:
            report.logouts_lost.append(f"{grant.id}: never due")
        elif not received:
            report.logouts_lost.append(f"{grant.id}: {grant.outcome}, and never received")
    report.unexpected_logouts += list(times)


def _compare_mails(evidence: Evidence, report: ConsistencyReport) -> None:
    by_event: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in evidence.arrivals:
        by_event[arrival.event_id].append(arrival)
    for row in evidence.rows:
        if row.mail_state is None:
            continue
        report.mails += 1
        report.mails_by_state[row.mail_state] = report.mails_by_state.get(row.mail_state, 0) + 1
        arrivals = by_event.pop(row.event_id, [])
        if reason := _lost(row, arrivals, evidence):
            report.mails_lost.append(f"{row.event_id} ({row.type}): {reason}")
        report.late += list(_late(row, arrivals))
        for pair in pairwise(arrivals):
            details = f"{row.event_id} ({row.type}): {_timeline(row, pair, evidence)}"
            report.duplicates_by(_cause(row, pair, evidence)).append(details)
    report.unexpected_events += [f"a mail of {event_id}, which nobody requested" for event_id in by_event]


def _lost(row: OutboxRow, arrivals: Sequence[Arrival], evidence: Evidence) -> str | None:
    """Return why a mail counts as lost.

    Return None if it arrived, if the mail server refused its recipient, or if it expired after long outages.
    """
    if arrivals:
        return None
    if row.mail_state == "refused":
        return None if _was_refused(row, evidence) else "refused, but not by the mail server"
    if row.mail_state == "expired" and row.mail_at and row.mail_expires_at:
        early = (row.mail_expires_at - row.mail_at).total_seconds()
        if early > evidence.ahead_seconds:
            return f"expired {early:.0f} s too early"
        return (
            None if _was_undeliverable(row, evidence) else "expired, although the mail server was available"
        )
    return f"{row.mail_state}, but never arrived"


def _was_refused(row: OutboxRow, evidence: Evidence) -> bool:
    """Return whether the mail server refused a mailbox to which the mail may have been sent.

    The notice of a removed binding is sent to the general account or to the link account (UNB-5).
    """
    recipients = {row.subject}
    if row.type == "binding.removed":
        recipients |= evidence.link_accounts.get(row.subject, frozenset())
    return any(evidence.mailboxes[recipient].casefold() in evidence.refused for recipient in recipients)


def _was_undeliverable(row: OutboxRow, evidence: Evidence) -> bool:
    """Return whether long outages of the mail server cover at least half of the mail's validity.

    The validity counts as shorter by `ahead_seconds`, because the mailer's clock may have been ahead.
    """
    assert row.mail_expires_at is not None
    created, expires = row.created_at.timestamp(), row.mail_expires_at.timestamp() - evidence.ahead_seconds
    unavailable = sum(
        max(0.0, min(expires, end) - max(created, began)) for began, end in evidence.damage.outages
    )
    return unavailable >= (expires - created) / 2


def _late(row: OutboxRow, arrivals: Sequence[Arrival]) -> Iterator[str]:
    if row.mail_expires_at is None:
        return
    expired_at = row.mail_expires_at.timestamp()
    for arrival in arrivals:
        if arrival.at > expired_at + LATE_SECONDS:
            yield f"{row.event_id} ({row.type}): {arrival.at - expired_at:.1f} s after its expiry"


def _cause(row: OutboxRow, pair: tuple[Arrival, Arrival], evidence: Evidence) -> Cause | None:
    """Return which of MAIL-3's two causes explains a second acceptance, or None.

    The receipt of the second acceptance is often written in the same millisecond, so equal times count as unrecorded.
    """
    first, second = pair
    if any(
        first.at < wipe.at < second.at and row.event_id in wipe.recorded for wipe in evidence.damage.wipes
    ):
        return None  # the receipt was in the database, so the mail must not be sent again
    written_ms = evidence.receipts.get(row.event_id)
    if written_ms is None or written_ms >= math.floor(second.at * _MS):
        return "unrecorded"
    if any(_in_flight(row, wipe, first, second) for wipe in evidence.damage.wipes):
        return "wiped"
    return None


def _timeline(row: OutboxRow, pair: tuple[Arrival, Arrival], evidence: Evidence) -> str:
    """Describe the second acceptance, the receipt and nearby wipes, in seconds after the first acceptance."""
    first, second = pair
    written_ms = evidence.receipts.get(row.event_id)
    details = [f"again after {second.at - first.at:.3f} s"]
    details.append(
        "never recorded" if written_ms is None else f"recorded after {written_ms / _MS - first.at:.3f}"
    )
    for wipe in evidence.damage.wipes:
        if first.at - IN_FLIGHT_SECONDS < wipe.at < second.at:
            stored = "in" if row.event_id in wipe.recorded else "not in"
            details.append(
                f"Redis lost data after {wipe.at - first.at:.1f}, its receipt {stored} the database"
            )
    return ", ".join(details)


def _in_flight(row: OutboxRow, wipe: Wipe, first: Arrival, second: Arrival) -> bool:
    """Return whether the wipe explains the second acceptance: the mail was in flight and its receipt not recorded."""
    published_before = row.created_at.timestamp() < wipe.at
    return (
        published_before
        and row.event_id not in wipe.recorded
        and first.at < wipe.at + _CLAIMED_SECONDS
        and wipe.at < second.at < wipe.at + IN_FLIGHT_SECONDS
    )
