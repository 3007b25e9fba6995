"""The chain of the audit log reveals changed, deleted, added and reordered rows (SEC-11)."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from identity.adapters.sql.audit_chain import SqlAuditChain
from identity.domain.audit_chain import ChainedRow, Segment
from identity.usecases.audit.chaining import extend, prune
from identity.usecases.audit.verifying import ChainBroken, VerifiedChain
from sqlalchemy.exc import IntegrityError

from tests.support.harness.audit_chain import keys, open_chain, tamper, verify_chain
from tests.support.harness.commands import invoke
from tests.support.harness.settings import AUDIT_KEY
from tests.support.harness.system import System

OTHER_KEY = "another-key-of-the-tests-that-chains-the-log"


@pytest.fixture
def chained(system: System) -> System:
    """A log with three segments."""
    for _ in range(3):
        system.register()
        system.relay.extend_chain()
    return system


def broken(system: System) -> tuple[int, int | None]:
    found = verify_chain(system)
    assert isinstance(found, ChainBroken), found
    return found.place, found.row


def forged_row(*, at_place: int) -> str:
    """Return a statement that inserts a row with another row's hash, like an attacker without the key."""
    columns = "at, action, result, actor_kind, actor, account_id, address, request_id, detail, place, mac"
    values = (
        f"at, 'account.approved', 'done', 'operator', 'mallory', account_id, '', '', '{{}}', {at_place}, mac"
    )
    return f"INSERT INTO audit ({columns}) SELECT {values} FROM audit WHERE place = 2"


@pytest.mark.rule("SEC-11")
def test_an_untouched_log_verifies_from_first_to_last_row(chained: System) -> None:
    found = verify_chain(chained)

    rows = len(chained.audit())
    assert isinstance(found, VerifiedChain)
    assert (found.segments, found.first, found.last, found.rows) == (3, 1, rows, rows)
    assert (found.unsealed, found.late) == (0, ())


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize(
    "change",
    [
        "action = 'account.approved'",
        "result = 'refused'",
        "actor = 'somebody'",
        "account_id = 'another'",
        "link_account_id = 'another'",
        "address = '192.0.2.1'",
        "reason = 'because'",
        "detail = '{}'",
        "at = '2020-01-01 00:00:00'",
        "id = 1000000",
        "mac = 'f'",
        "mac = '印'",
    ],
)
def test_a_changed_row_is_detected(chained: System, change: str) -> None:
    tamper(chained, f"UPDATE audit SET {change} WHERE place = 4")  # `change` is a constant of this module

    assert broken(chained)[0] == 4


@pytest.mark.rule("SEC-11")
def test_a_deleted_row_is_detected_even_after_renumbering(chained: System) -> None:
    tamper(chained, "DELETE FROM audit WHERE place = 3")
    dropped = broken(chained)

    tamper(
        chained,
        "UPDATE audit SET place = -place WHERE place > 3",
        "UPDATE audit SET place = -place - 1 WHERE place < 0",
    )

    assert (dropped[0], broken(chained)[0]) == (3, 3)


@pytest.mark.rule("SEC-11")
def test_an_inserted_row_is_detected(chained: System) -> None:
    tamper(
        chained,
        "UPDATE audit SET place = -place - 1 WHERE place > 2",
        "UPDATE audit SET place = -place WHERE place < 0",
        forged_row(at_place=3),
    )

    assert broken(chained)[0] == 3


@pytest.mark.rule("SEC-11")
def test_a_row_inserted_after_the_last_segment_is_detected(chained: System) -> None:
    last = len(chained.audit())
    tamper(
        chained,
        forged_row(at_place=last + 1),
    )

    assert broken(chained)[0] == last + 1


@pytest.mark.rule("SEC-11")
def test_a_row_inserted_before_the_first_position_is_detected(chained: System) -> None:
    tamper(
        chained,
        forged_row(at_place=-5),
    )

    assert isinstance(verify_chain(chained), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_rows_chained_during_verification_are_verified_too(
    chained: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, segments = [chained.register], SqlAuditChain.segments

    def chained_just_after(chain: SqlAuditChain, *, after: int, limit: int) -> Sequence[Segment]:
        found = segments(chain, after=after, limit=limit)
        if not found and waiting:
            waiting.pop()()
            chained.relay.extend_chain()
        return found

    monkeypatch.setattr(SqlAuditChain, "segments", chained_just_after)

    found = verify_chain(chained)

    assert isinstance(found, VerifiedChain), found
    assert found.segments == 4


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize("step", ["newest", "unchained"])
def test_of_two_concurrent_relays_the_slower_gives_up_and_the_chain_verifies(
    chained: System, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    waiting, plain = [chained.relay.extend_chain], getattr(SqlAuditChain, step)

    def overtaken(chain: SqlAuditChain, *arguments: int) -> object:
        answer = plain(chain, *arguments)
        if waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(SqlAuditChain, step, overtaken)
    chained.register()

    with suppress(IntegrityError):
        chained.relay.extend_chain()

    found = verify_chain(chained)
    assert isinstance(found, VerifiedChain), found
    assert (found.segments, found.rows) == (4, len(chained.audit()))


@pytest.mark.rule("SEC-11")
def test_a_backdated_row_is_chained_but_reported(chained: System) -> None:
    values = "action, result, actor_kind, actor, account_id, address, request_id, detail"
    chained.clock.advance(hours=1)
    chained.register()
    chained.relay.extend_chain()
    tamper(chained, f"INSERT INTO audit (at, {values}) SELECT at, {values} FROM audit WHERE place = 1")

    chained.relay.extend_chain()

    found = verify_chain(chained)
    assert isinstance(found, VerifiedChain)
    assert found.late == (found.last,)


@pytest.mark.rule("SEC-11")
def test_reordered_rows_are_detected(chained: System) -> None:
    tamper(
        chained,
        "UPDATE audit SET place = -1 WHERE place = 2",
        "UPDATE audit SET place = 2 WHERE place = 3",
        "UPDATE audit SET place = 3 WHERE place = -1",
    )

    assert broken(chained)[0] == 2


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize(("number", "place"), [(1, 1), (2, 3)])
def test_a_deleted_segment_is_detected(chained: System, number: int, place: int) -> None:
    span = f"(SELECT {{}} FROM audit_segments WHERE number = {number})"
    tamper(
        chained,
        f"DELETE FROM audit WHERE place BETWEEN {span.format('first')} AND {span.format('last')}",
        f"DELETE FROM audit_segments WHERE number = {number}",
    )

    assert broken(chained)[0] == place


@pytest.mark.rule("SEC-11")
def test_a_truncated_log_is_detected_by_the_logged_head(chained: System) -> None:
    whole = verify_chain(chained)
    tamper(
        chained,
        "DELETE FROM audit WHERE place >= (SELECT first FROM audit_segments WHERE number = 3)",
        "DELETE FROM audit_segments WHERE number = 3",
    )

    assert isinstance(whole, VerifiedChain)
    assert isinstance(verify_chain(chained), VerifiedChain)
    assert isinstance(verify_chain(chained, head=whole.head), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_every_logged_head_is_found_even_the_last_head_after_pruning(
    chained: System,
) -> None:
    heads = [row.head for row in chained.rows("SELECT head FROM audit_segments ORDER BY number")]

    found = [verify_chain(chained, head=head) for head in heads]
    with open_chain(chained) as chain:
        prune(chained.ports, chain, keys(), before=chained.clock.now() + timedelta(days=1))
    found.append(verify_chain(chained, head=heads[-1]))

    assert [type(each) for each in found] == [VerifiedChain] * 4


@pytest.mark.rule("SEC-11")
def test_a_logged_head_from_the_pruned_part_is_told_apart_from_missing_rows(chained: System) -> None:
    first, *_, last = chained.rows("SELECT head, last FROM audit_segments ORDER BY number")
    with open_chain(chained) as chain:
        prune(chained.ports, chain, keys(), before=chained.clock.now() + timedelta(days=1))

    found = verify_chain(chained, head=first.head)

    assert isinstance(found, ChainBroken)
    assert f"older than row {last.last}, up to which the log was pruned" in found.how


@pytest.mark.rule("SEC-11")
def test_a_chain_rebuilt_without_the_key_is_detected(chained: System) -> None:
    with open_chain(chained) as chain:
        tamper(chained, "UPDATE audit SET place = NULL, mac = NULL", "DELETE FROM audit_segments")
        extend(chain, keys(OTHER_KEY), chained.clock.now())

    assert broken(chained) == (1, None)


@pytest.mark.rule("SEC-11")
def test_after_a_key_change_both_keys_verify_their_rows(chained: System) -> None:
    chained.register()
    both = keys(OTHER_KEY, AUDIT_KEY)
    with open_chain(chained) as chain:
        extend(chain, both, chained.clock.now())

    assert isinstance(verify_chain(chained, keys=both), VerifiedChain)
    assert isinstance(verify_chain(chained), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_whole_expired_segments_are_pruned_and_the_rest_still_verifies(chained: System) -> None:
    chained.clock.advance(days=401)
    chained.register()
    chained.relay.extend_chain()

    tidied = json.loads(invoke(chained, "tidy", "--json").stdout)
    chained.relay.extend_chain()

    found = verify_chain(chained)
    assert tidied["audit_rows"] == 6
    assert isinstance(found, VerifiedChain), found
    assert (found.first, found.segments) == (7, 3)
    assert [row.action for row in chained.audit() if row.place == 6] == []
    assert len(chained.audit("audit.pruned")) == 1


@pytest.mark.rule("SEC-11")
def test_verification_restarts_when_the_log_is_pruned_meanwhile(
    chained: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, rows = [chained.clock.now() + timedelta(seconds=1)], SqlAuditChain.rows

    def pruned_just_before(chain: SqlAuditChain, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        if waiting:
            prune(chained.ports, chain, keys(), before=waiting.pop())
        return rows(chain, after=after, limit=limit)

    chained.clock.advance(minutes=1)
    chained.register()
    chained.relay.extend_chain()
    monkeypatch.setattr(SqlAuditChain, "rows", pruned_just_before)

    found = verify_chain(chained)

    assert isinstance(found, VerifiedChain), found
    assert (found.first, found.segments) == (7, 2)


@pytest.mark.rule("SEC-11")
def test_deleting_more_than_was_pruned_is_detected(chained: System) -> None:
    chained.clock.advance(days=401)
    for _ in range(2):
        chained.register()
        chained.relay.extend_chain()
    invoke(chained, "tidy")

    tamper(
        chained,
        "DELETE FROM audit WHERE place <= (SELECT last FROM audit_segments WHERE number = 4)",
        "DELETE FROM audit_segments WHERE number = 3",
        "UPDATE audit_segments SET pruned_at = sealed_at WHERE number = 4",
    )

    assert isinstance(verify_chain(chained), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_a_segment_with_a_broken_hash_is_not_pruned_and_tidy_fails(chained: System) -> None:
    tamper(chained, "UPDATE audit_segments SET head = 'f' WHERE number = 2")
    chained.clock.advance(days=401)

    tidied = invoke(chained, "tidy")

    assert (tidied.exit_code, "segment 2 of the audit log is not authentic" in tidied.output) == (1, True)
    assert [row.place for row in chained.audit() if row.place] == [1, 2, 3, 4, 5, 6]
    assert chained.rows("SELECT 1 FROM tidy_runs") == []


@pytest.mark.rule("SEC-11")
def test_a_segment_chained_by_a_wrong_clock_does_not_prune_earlier_segments(
    system: System,
) -> None:
    later = system.clock.now() + timedelta(days=1)
    with open_chain(system) as chain:
        for days in (0, 2, -30):
            system.register()
            extend(chain, keys(), system.clock.now() + timedelta(days=days))
        dropped = prune(system.ports, chain, keys(), before=later)

    found = verify_chain(system)
    assert isinstance(found, VerifiedChain), found
    assert (dropped, found.rows, found.segments) == (2, 4, 3)


@pytest.mark.rule("SEC-11")
def test_a_retention_below_six_months_is_refused(system: System) -> None:
    result = invoke(system, "tidy", IDENTITY_AUDIT_KEPT="180d")

    assert (result.exit_code, "IDENTITY_AUDIT_KEPT" in result.output) == (2, True)


@pytest.mark.rule("SEC-11", "SEC-14")
def test_in_production_the_log_must_be_chained(system: System) -> None:
    result = invoke(system, "audit", "verify", IDENTITY_MODE="production", IDENTITY_AUDIT_KEYS="")

    assert (result.exit_code, "IDENTITY_AUDIT_KEYS" in result.output) == (2, True)


@pytest.mark.rule("SEC-11")
def test_the_command_reports_the_verified_rows_or_the_first_broken_row(chained: System) -> None:
    whole = invoke(chained, "audit", "verify", "--json")
    tamper(chained, "UPDATE audit SET actor = 'x' WHERE place = 5")
    row = chained.rows("SELECT id FROM audit WHERE place = 5")[0].id

    found = invoke(chained, "audit", "verify", "--json")

    assert (whole.exit_code, json.loads(whole.stdout)["ok"]) == (0, True)
    assert (found.exit_code, json.loads(found.stdout)["place"], json.loads(found.stdout)["row"]) == (
        1,
        5,
        row,
    )
