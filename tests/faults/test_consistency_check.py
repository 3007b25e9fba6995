"""The consistency check finds each kind of loss, duplicate and delay in constructed evidence."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from port_events.envelope import MAIL_STREAM, STREAM

from tests.faults.consistency_check import check_consistency
from tests.faults.evidence import Evidence, GrantRow, HandledEvent, OutboxRow
from tests.faults.fault_kinds import Damage, Wipe
from tests.faults.recording_mailbox import Arrival
from tests.faults.stream_check import Streams
from tests.faults.stream_logs import StreamEntry

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START.timestamp()
HOUR = timedelta(hours=1)
EVENTS = (StreamEntry("e-1", 1, is_sealed=False), StreamEntry("e-2", 2, is_sealed=False))
MAILS = (StreamEntry("e-2", 2, is_sealed=True),)


def ms(at: float) -> int:
    return math.floor(at * 1000)


def row(event_id: str, kind: str, **over: object) -> OutboxRow:
    plain = OutboxRow(event_id, kind, "ming", START, None, None, None)
    return replace(plain, **over)  # type: ignore[arg-type]  # any field


def mail(**over: object) -> OutboxRow:
    values = {"mail_state": "sent", "mail_at": START, "mail_expires_at": START + HOUR}
    return row("e-2", "verification.requested", **(values | over))


def streams(*, events: Sequence[StreamEntry] = EVENTS, mails: Sequence[StreamEntry] = MAILS) -> Streams:
    return {STREAM: events, MAIL_STREAM: mails}


def evidence(*, mailed: OutboxRow | None = None, **over: object) -> Evidence:
    """Return evidence without violations: a registration with its events and mail, an ended and an active grant."""
    plain = Evidence(
        expected=Counter({("ming", "account.registered"): 1, ("ming", "verification.requested"): 1}),
        rows=[row("e-1", "account.registered"), mailed or mail()],
        mailboxes={"ming": "ming@example.com", "link": "link@example.com"},
        link_accounts={"ming": frozenset({"link"})},
        handled={"passes": [HandledEvent("e-1", "ming", 1), HandledEvent("e-2", "ming", 2)]},
        arrivals=[Arrival("e-2", NOW + 1)],
        receipts={"e-2": ms(NOW + 2)},
        streams=streams(),
        refused=frozenset(),
        grants=[
            GrantRow("g-1", has_ended=True, outcome="told"),
            GrantRow("g-2", has_ended=False, outcome=None),
        ],
        logout_tokens=["g-1"],
        damage=Damage(),
        ahead_seconds=0,
    )
    return replace(plain, **over)  # type: ignore[arg-type]  # any field


def wrong(found: Evidence) -> dict[str, int]:
    return {name: len(cases) for name, cases in check_consistency(found).violations().items()}


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_correct_evidence_has_no_violations() -> None:
    found = check_consistency(evidence())

    assert (found.changes, found.events, found.mails) == (2, 2, 1)
    assert found.violations() == {}


@pytest.mark.rule("EVT-2")
def test_a_change_without_an_event_and_an_event_without_a_change_are_found() -> None:
    without_event = evidence(
        expected=Counter({("ming", "account.registered"): 2, ("ming", "verification.requested"): 1})
    )
    without_change = evidence(expected=Counter({("ming", "verification.requested"): 1}))

    assert wrong(without_event) == {"changes without their event": 1}
    assert wrong(without_change) == {"events without their change": 1}


@pytest.mark.rule("EVT-2", "EVT-5")
def test_a_consumers_lost_repeated_and_misordered_events_are_found() -> None:
    first, second = HandledEvent("e-1", "ming", 1), HandledEvent("e-2", "ming", 2)

    assert wrong(evidence(handled={"passes": [first]})) == {"events lost": 1}
    assert wrong(evidence(handled={"passes": [first, second, second]})) == {"events repeated after dedupe": 1}
    assert wrong(evidence(handled={"passes": [second, first]})) == {"events out of order for a subject": 1}


@pytest.mark.rule("EVT-2")
def test_an_event_missing_in_the_outbox_is_found() -> None:
    own = [HandledEvent("e-1", "ming", 1), HandledEvent("e-2", "ming", 2)]

    assert wrong(evidence(handled={"passes": [*own, HandledEvent("e-3", "ming", 3)]})) == {
        "events without their change": 1
    }


@pytest.mark.rule("MAIL-3")
def test_a_mail_that_did_not_arrive_needs_a_reason() -> None:
    refused = mail(mail_state="refused")

    assert wrong(evidence(arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=mail(mail_state="waiting"), arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=refused, arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=refused, refused=frozenset({"ming@example.com"}), arrivals=[])) == {}


@pytest.mark.rule("MAIL-5", "UNB-5")
def test_a_refused_link_account_excuses_only_mails_of_removed_bindings() -> None:
    ended, other = (
        row("e-2", kind, mail_state="refused", mail_at=START) for kind in ("binding.removed", "verified")
    )
    link_refused = evidence(arrivals=[], refused=frozenset({"link@example.com"}))

    assert "mails lost" not in wrong(replace(link_refused, rows=[ended]))
    assert wrong(replace(link_refused, rows=[other]))["mails lost"] == 1


@pytest.mark.rule("MAIL-4")
def test_an_expired_mail_needs_an_outage() -> None:
    expired = mail(mail_state="expired", mail_at=START + HOUR)
    early = mail(mail_state="expired", mail_at=START)
    drought = Damage(outages=[(NOW, NOW + 3600)])

    assert wrong(evidence(mailed=expired, arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=early, arrivals=[], damage=drought)) == {"mails lost": 1}
    assert wrong(evidence(mailed=expired, arrivals=[], damage=drought)) == {}


@pytest.mark.rule("MAIL-4")
def test_a_mail_after_its_expiry_is_found() -> None:
    assert wrong(evidence(arrivals=[Arrival("e-2", NOW + 3605)])) == {"mails sent after their expiry": 1}


@pytest.mark.rule("MAIL-3")
def test_a_duplicate_mail_is_a_violation_without_one_of_the_two_causes() -> None:
    twice = [Arrival("e-2", NOW + 1), Arrival("e-2", NOW + 10)]
    recorded = Damage(wipes=[Wipe(NOW + 5, recorded=frozenset({"e-2"}))])
    not_noted = Damage(wipes=[Wipe(NOW + 5, recorded=frozenset())])

    after_its_receipt = check_consistency(evidence(arrivals=twice))
    before_any_receipt = check_consistency(evidence(arrivals=twice, receipts={"e-2": ms(NOW + 11)}))
    wiped = check_consistency(evidence(arrivals=twice, damage=not_noted))
    wiped_too_late = check_consistency(evidence(arrivals=twice, damage=recorded))
    receipt_unseen = check_consistency(evidence(arrivals=twice, damage=recorded, receipts={}))
    long_after = check_consistency(
        evidence(
            arrivals=[Arrival("e-2", NOW + 25), Arrival("e-2", NOW + 40)],
            damage=not_noted,
            receipts={"e-2": ms(NOW + 26)},
        )
    )

    assert [
        len(found.duplicate_mails)
        for found in (
            after_its_receipt,
            before_any_receipt,
            wiped,
            wiped_too_late,
            receipt_unseen,
            long_after,
        )
    ] == [1, 0, 0, 1, 1, 1]
    assert (len(before_any_receipt.duplicate_mails_unrecorded), len(wiped.duplicate_mails_wiped)) == (1, 1)


@pytest.mark.rule("MAIL-3")
def test_a_receipt_in_the_millisecond_of_the_second_acceptance_belongs_to_that_acceptance() -> None:
    first, second = NOW + 1, NOW + 6.0009
    twice = [Arrival("e-2", first), Arrival("e-2", second)]

    its_own = check_consistency(evidence(arrivals=twice, receipts={"e-2": ms(second)}))
    older = check_consistency(evidence(arrivals=twice, receipts={"e-2": ms(second) - 1}))

    assert [len(found.duplicate_mails_unrecorded) for found in (its_own, older)] == [1, 0]
    assert [len(found.duplicate_mails) for found in (its_own, older)] == [0, 1]


def test_an_unexpected_mail_is_found() -> None:
    arrivals = [Arrival("e-2", NOW + 1), Arrival("stranger", NOW + 1)]

    assert wrong(evidence(arrivals=arrivals)) == {"events without their change": 1}


@pytest.mark.rule("EVT-7", "EVT-2")
def test_entries_published_again_after_a_wipe_are_in_place() -> None:
    again = streams(events=(*EVENTS, *EVENTS), mails=(*MAILS, *MAILS))

    assert wrong(evidence(streams=again)) == {}


@pytest.mark.rule("EVT-7")
@pytest.mark.parametrize(
    "misplaced",
    [
        streams(events=(EVENTS[0], replace(EVENTS[1], is_sealed=True))),
        streams(mails=(replace(MAILS[0], is_sealed=False),)),
        streams(mails=(StreamEntry("e-1", 1, is_sealed=True), *MAILS)),
        streams(mails=(StreamEntry("e-2", 3, is_sealed=True),)),
    ],
)
def test_an_entry_on_the_wrong_stream_or_at_another_position_is_found(misplaced: Streams) -> None:
    assert wrong(evidence(streams=misplaced)) == {"entries on the wrong stream or at the wrong position": 1}


@pytest.mark.rule("EVT-7", "EVT-2")
def test_events_missing_or_out_of_order_on_their_stream_are_found() -> None:
    missing, reversed_ = streams(events=EVENTS[1:]), streams(events=EVENTS[::-1])

    assert "entries on the wrong stream or at the wrong position" in wrong(evidence(streams=missing))
    assert "entries on the wrong stream or at the wrong position" in wrong(evidence(streams=reversed_))


ENDED = GrantRow("g-1", has_ended=True, outcome="told")
NOT_DUE = GrantRow("g-1", has_ended=True, outcome=None)
ACTIVE = GrantRow("g-2", has_ended=False, outcome=None)


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize(
    ("ended", "received", "found"),
    [
        (ENDED, ["g-1", "g-1"], {}),
        (ENDED, [], {"logout notifications lost": 1}),
        (NOT_DUE, [], {"logout notifications lost": 1}),
        (ENDED, ["g-1", "g-2"], {"logout notifications of active logins": 1}),
        (ENDED, ["g-1", "g-3"], {"logout notifications of active logins": 1}),
    ],
)
def test_a_lost_or_unexpected_logout_is_found(
    ended: GrantRow, received: list[str], found: dict[str, int]
) -> None:
    assert wrong(evidence(grants=[ended, ACTIVE], logout_tokens=received)) == found
