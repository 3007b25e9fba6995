"""The reckoning finds what it is there to find: each kind of loss, double and delay, in evidence made for it."""

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.evidence import Evidence, Row, Seen
from tests.faults.faults import Damage, Wipe
from tests.faults.postbag import Arrival
from tests.faults.reckoning import reckon

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START.timestamp()
HOUR = timedelta(hours=1)


def ms(at: float) -> int:
    return math.floor(at * 1000)


def row(event_id: str, kind: str, **over: object) -> Row:
    plain = Row(event_id, kind, "ming", START, None, None, None)
    return replace(plain, **over)  # type: ignore[arg-type]  # any field


def mail(**over: object) -> Row:
    values = {"mail_state": "sent", "mail_at": START, "mail_expires_at": START + HOUR}
    return row("e-2", "verification.requested", **(values | over))


def evidence(*, mailed: Row | None = None, **over: object) -> Evidence:
    """Return a registration as it should be: two events, both seen, one mail that came once."""
    plain = Evidence(
        facts=Counter({("ming", "account.registered"): 1, ("ming", "verification.requested"): 1}),
        rows=[row("e-1", "account.registered"), mailed or mail()],
        mailboxes={"ming": "ming@example.com", "link": "link@example.com"},
        partners={"ming": frozenset({"link"})},
        seen={"passes": [Seen("e-1", "ming", 1), Seen("e-2", "ming", 2)]},
        arrivals=[Arrival("e-2", NOW + 1)],
        receipts={"e-2": ms(NOW + 2)},
        refused=frozenset(),
        damage=Damage(),
        ahead_seconds=0,
    )
    return replace(plain, **over)  # type: ignore[arg-type]  # any field


def wrong(found: Evidence) -> dict[str, int]:
    return {name: len(cases) for name, cases in reckon(found).wrong().items()}


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_nothing_is_found_where_nothing_is_wrong() -> None:
    found = reckon(evidence())

    assert (found.changes, found.events, found.mails) == (2, 2, 1)
    assert found.wrong() == {}


@pytest.mark.rule("EVT-2")
def test_changes_and_events_must_have_each_other() -> None:
    without_event = evidence(
        facts=Counter({("ming", "account.registered"): 2, ("ming", "verification.requested"): 1})
    )
    without_change = evidence(facts=Counter({("ming", "verification.requested"): 1}))

    assert wrong(without_event) == {"changes without their event": 1}
    assert wrong(without_change) == {"events without their change": 1}


@pytest.mark.rule("EVT-2", "EVT-5")
def test_each_consumer_must_have_every_event_once_and_in_order() -> None:
    first, second = Seen("e-1", "ming", 1), Seen("e-2", "ming", 2)

    assert wrong(evidence(seen={"passes": [first]})) == {"events lost": 1}
    assert wrong(evidence(seen={"passes": [first, second, second]})) == {"events repeated after dedupe": 1}
    assert wrong(evidence(seen={"passes": [second, first]})) == {"events out of order for a subject": 1}


@pytest.mark.rule("EVT-2")
def test_an_event_that_the_outbox_never_had_is_found() -> None:
    own = [Seen("e-1", "ming", 1), Seen("e-2", "ming", 2)]

    assert wrong(evidence(seen={"passes": [*own, Seen("e-3", "ming", 3)]})) == {
        "events without their change": 1
    }


@pytest.mark.rule("MAIL-3")
def test_a_mail_must_come_or_have_a_reason_not_to() -> None:
    refused = mail(mail_state="refused")

    assert wrong(evidence(arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=mail(mail_state="waiting"), arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=refused, arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=refused, refused=frozenset({"ming@example.com"}), arrivals=[])) == {}


@pytest.mark.rule("MAIL-5", "UNB-5")
def test_a_refusal_of_the_other_side_counts_for_the_end_of_a_binding_alone() -> None:
    ended, other = (
        row("e-2", kind, mail_state="refused", mail_at=START) for kind in ("binding.removed", "verified")
    )
    link_refused = evidence(arrivals=[], refused=frozenset({"link@example.com"}))

    assert "mails lost" not in wrong(replace(link_refused, rows=[ended]))
    assert wrong(replace(link_refused, rows=[other]))["mails lost"] == 1


@pytest.mark.rule("MAIL-4")
def test_an_expired_mail_must_have_had_no_chance() -> None:
    expired = mail(mail_state="expired", mail_at=START + HOUR)
    early = mail(mail_state="expired", mail_at=START)
    drought = Damage(droughts=[(NOW, NOW + 3600)])

    assert wrong(evidence(mailed=expired, arrivals=[])) == {"mails lost": 1}
    assert wrong(evidence(mailed=early, arrivals=[], damage=drought)) == {"mails lost": 1}
    assert wrong(evidence(mailed=expired, arrivals=[], damage=drought)) == {}


@pytest.mark.rule("MAIL-4")
def test_a_mail_must_not_come_after_its_expiry() -> None:
    assert wrong(evidence(arrivals=[Arrival("e-2", NOW + 3605)])) == {"mails sent after their expiry": 1}


@pytest.mark.rule("MAIL-3")
def test_a_double_is_one_unless_it_belongs_to_one_of_the_two_instants() -> None:
    twice = [Arrival("e-2", NOW + 1), Arrival("e-2", NOW + 10)]
    noted = Damage(wipes=[Wipe(NOW + 5, noted=frozenset({"e-2"}))])
    not_noted = Damage(wipes=[Wipe(NOW + 5, noted=frozenset())])

    after_its_receipt = reckon(evidence(arrivals=twice))
    before_any_receipt = reckon(evidence(arrivals=twice, receipts={"e-2": ms(NOW + 11)}))
    wiped = reckon(evidence(arrivals=twice, damage=not_noted))
    wiped_too_late = reckon(evidence(arrivals=twice, damage=noted))
    receipt_unseen = reckon(evidence(arrivals=twice, damage=noted, receipts={}))
    long_after = reckon(
        evidence(
            arrivals=[Arrival("e-2", NOW + 25), Arrival("e-2", NOW + 40)],
            damage=not_noted,
            receipts={"e-2": ms(NOW + 26)},
        )
    )

    assert [
        len(found.doubled)
        for found in (
            after_its_receipt,
            before_any_receipt,
            wiped,
            wiped_too_late,
            receipt_unseen,
            long_after,
        )
    ] == [1, 0, 0, 1, 1, 1]
    assert (len(before_any_receipt.doubled_unnoted), len(wiped.doubled_wiped)) == (1, 1)


@pytest.mark.rule("MAIL-3")
def test_a_note_in_the_millisecond_of_the_second_acceptance_is_that_acceptance_s() -> None:
    first, second = NOW + 1, NOW + 6.0009
    twice = [Arrival("e-2", first), Arrival("e-2", second)]

    its_own = reckon(evidence(arrivals=twice, receipts={"e-2": ms(second)}))
    older = reckon(evidence(arrivals=twice, receipts={"e-2": ms(second) - 1}))

    assert [len(found.doubled_unnoted) for found in (its_own, older)] == [1, 0]
    assert [len(found.doubled) for found in (its_own, older)] == [0, 1]


def test_a_mail_that_nobody_asked_for_is_found() -> None:
    arrivals = [Arrival("e-2", NOW + 1), Arrival("stranger", NOW + 1)]

    assert wrong(evidence(arrivals=arrivals)) == {"events without their change": 1}
