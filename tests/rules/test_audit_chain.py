"""The audit log is sealed in a chain, so that every change in it is found (SEC-11)."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from identity.adapters.sql.audit_chain import SqlAuditChain
from identity.domain.audit_chain import ChainedRow, Segment
from identity.usecases.audit.chaining import prune, seal
from identity.usecases.audit.verifying import ChainBroken, VerifiedChain
from sqlalchemy.exc import IntegrityError

from tests.support.harness.audit_chain import keys, open_chain, tamper, verify_chain
from tests.support.harness.commands import invoke
from tests.support.harness.settings import AUDIT_KEY
from tests.support.harness.system import System

OTHER_KEY = "another-key-of-the-tests-that-seals-the-log"


@pytest.fixture
def sealed(system: System) -> System:
    """A log with three segments."""
    for _ in range(3):
        system.register()
        system.relay.seal()
    return system


def broken(system: System) -> tuple[int, int | None]:
    found = verify_chain(system)
    assert isinstance(found, ChainBroken), found
    return found.place, found.row


def forged_row(*, at_place: int) -> str:
    """Return a statement that gives a new row the hash of another, as someone without the key would."""
    columns = "at, action, result, actor_kind, actor, account_id, address, request_id, detail, place, mac"
    values = (
        f"at, 'account.approved', 'done', 'operator', 'mallory', account_id, '', '', '{{}}', {at_place}, mac"
    )
    return f"INSERT INTO audit ({columns}) SELECT {values} FROM audit WHERE place = 2"


@pytest.mark.rule("SEC-11")
def test_an_untouched_log_verifies_from_first_to_last_row(sealed: System) -> None:
    found = verify_chain(sealed)

    rows = len(sealed.audit())
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
def test_a_changed_row_is_detected(sealed: System, change: str) -> None:
    tamper(sealed, f"UPDATE audit SET {change} WHERE place = 4")  # made up by the test

    assert broken(sealed)[0] == 4


@pytest.mark.rule("SEC-11")
def test_a_deleted_row_is_detected_even_after_renumbering(sealed: System) -> None:
    tamper(sealed, "DELETE FROM audit WHERE place = 3")
    dropped = broken(sealed)

    tamper(
        sealed,
        "UPDATE audit SET place = -place WHERE place > 3",
        "UPDATE audit SET place = -place - 1 WHERE place < 0",
    )

    assert (dropped[0], broken(sealed)[0]) == (3, 3)


@pytest.mark.rule("SEC-11")
def test_an_inserted_row_is_detected(sealed: System) -> None:
    tamper(
        sealed,
        "UPDATE audit SET place = -place - 1 WHERE place > 2",
        "UPDATE audit SET place = -place WHERE place < 0",
        forged_row(at_place=3),
    )

    assert broken(sealed)[0] == 3


@pytest.mark.rule("SEC-11")
def test_a_row_inserted_behind_the_last_segment_is_detected(sealed: System) -> None:
    last = len(sealed.audit())
    tamper(
        sealed,
        forged_row(at_place=last + 1),
    )

    assert broken(sealed)[0] == last + 1


@pytest.mark.rule("SEC-11")
def test_a_row_inserted_before_the_first_position_is_detected(sealed: System) -> None:
    tamper(
        sealed,
        forged_row(at_place=-5),
    )

    assert isinstance(verify_chain(sealed), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_rows_sealed_during_verification_are_verified_too(
    sealed: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, segments = [sealed.register], SqlAuditChain.segments

    def sealed_just_after(chain: SqlAuditChain, *, after: int, limit: int) -> Sequence[Segment]:
        found = segments(chain, after=after, limit=limit)
        if not found and waiting:
            waiting.pop()()
            sealed.relay.seal()
        return found

    monkeypatch.setattr(SqlAuditChain, "segments", sealed_just_after)

    found = verify_chain(sealed)

    assert isinstance(found, VerifiedChain), found
    assert found.segments == 4


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize("step", ["newest", "unsealed"])
def test_with_two_concurrent_sealers_the_slower_yields_and_the_chain_verifies(
    sealed: System, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    waiting, plain = [sealed.relay.seal], getattr(SqlAuditChain, step)

    def overtaken(chain: SqlAuditChain, *arguments: int) -> object:
        answer = plain(chain, *arguments)
        if waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(SqlAuditChain, step, overtaken)
    sealed.register()

    with suppress(IntegrityError):
        sealed.relay.seal()

    found = verify_chain(sealed)
    assert isinstance(found, VerifiedChain), found
    assert (found.segments, found.rows) == (4, len(sealed.audit()))


@pytest.mark.rule("SEC-11")
def test_a_backdated_row_is_sealed_but_reported(sealed: System) -> None:
    values = "action, result, actor_kind, actor, account_id, address, request_id, detail"
    sealed.clock.advance(hours=1)
    sealed.register()
    sealed.relay.seal()
    tamper(sealed, f"INSERT INTO audit (at, {values}) SELECT at, {values} FROM audit WHERE place = 1")

    sealed.relay.seal()

    found = verify_chain(sealed)
    assert isinstance(found, VerifiedChain)
    assert found.late == (found.last,)


@pytest.mark.rule("SEC-11")
def test_reordered_rows_are_detected(sealed: System) -> None:
    tamper(
        sealed,
        "UPDATE audit SET place = -1 WHERE place = 2",
        "UPDATE audit SET place = 2 WHERE place = 3",
        "UPDATE audit SET place = 3 WHERE place = -1",
    )

    assert broken(sealed)[0] == 2


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize(("number", "place"), [(1, 1), (2, 3)])
def test_a_deleted_segment_is_detected(sealed: System, number: int, place: int) -> None:
    span = f"(SELECT {{}} FROM audit_segments WHERE number = {number})"
    tamper(
        sealed,
        f"DELETE FROM audit WHERE place BETWEEN {span.format('first')} AND {span.format('last')}",
        f"DELETE FROM audit_segments WHERE number = {number}",
    )

    assert broken(sealed)[0] == place


@pytest.mark.rule("SEC-11")
def test_a_truncated_log_is_detected_by_the_logged_head(sealed: System) -> None:
    whole = verify_chain(sealed)
    tamper(
        sealed,
        "DELETE FROM audit WHERE place >= (SELECT first FROM audit_segments WHERE number = 3)",
        "DELETE FROM audit_segments WHERE number = 3",
    )

    assert isinstance(whole, VerifiedChain)
    assert isinstance(verify_chain(sealed), VerifiedChain)
    assert isinstance(verify_chain(sealed, head=whole.head), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_every_logged_head_is_found_even_the_last_one_after_pruning(
    sealed: System,
) -> None:
    heads = [row.head for row in sealed.rows("SELECT head FROM audit_segments ORDER BY number")]

    found = [verify_chain(sealed, head=head) for head in heads]
    with open_chain(sealed) as chain:
        prune(sealed.ports, chain, keys(), before=sealed.clock.now() + timedelta(days=1))
    found.append(verify_chain(sealed, head=heads[-1]))

    assert [type(each) for each in found] == [VerifiedChain] * 4


@pytest.mark.rule("SEC-11")
def test_a_chain_rebuilt_without_the_key_is_detected(sealed: System) -> None:
    with open_chain(sealed) as chain:
        tamper(sealed, "UPDATE audit SET place = NULL, mac = NULL", "DELETE FROM audit_segments")
        seal(chain, keys(OTHER_KEY), sealed.clock.now())

    assert broken(sealed) == (1, None)


@pytest.mark.rule("SEC-11")
def test_after_a_key_change_both_keys_verify_their_rows(sealed: System) -> None:
    sealed.register()
    both = keys(OTHER_KEY, AUDIT_KEY)
    with open_chain(sealed) as chain:
        seal(chain, both, sealed.clock.now())

    assert isinstance(verify_chain(sealed, keys=both), VerifiedChain)
    assert isinstance(verify_chain(sealed), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_whole_expired_segments_are_pruned_and_the_rest_still_verifies(sealed: System) -> None:
    sealed.clock.advance(days=401)
    sealed.register()
    sealed.relay.seal()

    tidied = json.loads(invoke(sealed, "tidy", "--json").stdout)
    sealed.relay.seal()

    found = verify_chain(sealed)
    assert tidied["audit_rows"] == 6
    assert isinstance(found, VerifiedChain), found
    assert (found.first, found.segments) == (7, 3)
    assert [row.action for row in sealed.audit() if row.place == 6] == []
    assert len(sealed.audit("audit.pruned")) == 1


@pytest.mark.rule("SEC-11")
def test_verification_restarts_when_the_log_is_pruned_meanwhile(
    sealed: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, rows = [sealed.clock.now() + timedelta(seconds=1)], SqlAuditChain.rows

    def pruned_just_before(chain: SqlAuditChain, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        if waiting:
            prune(sealed.ports, chain, keys(), before=waiting.pop())
        return rows(chain, after=after, limit=limit)

    sealed.clock.advance(minutes=1)
    sealed.register()
    sealed.relay.seal()
    monkeypatch.setattr(SqlAuditChain, "rows", pruned_just_before)

    found = verify_chain(sealed)

    assert isinstance(found, VerifiedChain), found
    assert (found.first, found.segments) == (7, 2)


@pytest.mark.rule("SEC-11")
def test_deleting_more_than_was_pruned_is_detected(sealed: System) -> None:
    sealed.clock.advance(days=401)
    for _ in range(2):
        sealed.register()
        sealed.relay.seal()
    invoke(sealed, "tidy")

    tamper(
        sealed,
        "DELETE FROM audit WHERE place <= (SELECT last FROM audit_segments WHERE number = 4)",
        "DELETE FROM audit_segments WHERE number = 3",
        "UPDATE audit_segments SET pruned_at = sealed_at WHERE number = 4",
    )

    assert isinstance(verify_chain(sealed), ChainBroken)


@pytest.mark.rule("SEC-11")
def test_a_segment_with_a_broken_seal_is_not_pruned(sealed: System) -> None:
    tamper(sealed, "UPDATE audit_segments SET head = 'f' WHERE number = 2")
    later = sealed.clock.now() + timedelta(days=1)

    with open_chain(sealed) as chain:
        dropped = prune(sealed.ports, chain, keys(), before=later)

    assert (dropped, len(sealed.audit())) == (0, 6)


@pytest.mark.rule("SEC-11")
def test_a_segment_sealed_by_a_wrong_clock_does_not_prune_earlier_ones(
    system: System,
) -> None:
    later = system.clock.now() + timedelta(days=1)
    with open_chain(system) as chain:
        for days in (0, 2, -30):
            system.register()
            seal(chain, keys(), system.clock.now() + timedelta(days=days))
        dropped = prune(system.ports, chain, keys(), before=later)

    found = verify_chain(system)
    assert isinstance(found, VerifiedChain), found
    assert (dropped, found.rows, found.segments) == (2, 4, 3)


@pytest.mark.rule("SEC-11")
def test_a_retention_below_six_months_is_refused(system: System) -> None:
    result = invoke(system, "tidy", IDENTITY_AUDIT_KEPT="180d")

    assert (result.exit_code, "IDENTITY_AUDIT_KEPT" in result.output) == (2, True)


@pytest.mark.rule("SEC-11", "SEC-14")
def test_in_production_the_log_must_be_sealed(system: System) -> None:
    result = invoke(system, "audit", "verify", IDENTITY_MODE="production", IDENTITY_AUDIT_KEYS="")

    assert (result.exit_code, "IDENTITY_AUDIT_KEYS" in result.output) == (2, True)


@pytest.mark.rule("SEC-11")
def test_the_command_reports_the_verified_rows_or_the_first_broken_one(sealed: System) -> None:
    whole = invoke(sealed, "audit", "verify", "--json")
    tamper(sealed, "UPDATE audit SET actor = 'x' WHERE place = 5")
    row = sealed.rows("SELECT id FROM audit WHERE place = 5")[0].id

    found = invoke(sealed, "audit", "verify", "--json")

    assert (whole.exit_code, json.loads(whole.stdout)["ok"]) == (0, True)
    assert (found.exit_code, json.loads(found.stdout)["place"], json.loads(found.stdout)["row"]) == (
        1,
        5,
        row,
    )
