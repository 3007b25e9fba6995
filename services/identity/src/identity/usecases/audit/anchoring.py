"""Anchors of the audit log's chain: recording its end, and detecting that a recorded end is missing (SEC-11)."""

from collections.abc import Sequence
from datetime import datetime

from identity.domain.audit import Caller, Entry
from identity.domain.audit_chain import Anchor
from identity.usecases.ports.audit import AnchorStore, AuditChain, AuditLog


def record_anchor(chain: AuditChain, stores: Sequence[AnchorStore]) -> list[Anchor]:
    """Record the end of the chain in every store; return the recorded anchors that the chain does not contain.

    If the chain lacks a recorded anchor, nothing is recorded, because the anchors are evidence.
    """
    recorded = [store.read() for store in stores]
    if missing := [each for each in recorded if each is not None and not contains(chain, each)]:
        return missing
    if newest := chain.newest():
        anchor = Anchor.of(newest)
        for store, previous in zip(stores, recorded, strict=True):
            if previous != anchor:
                store.write(anchor)
    return []


def accept_end(
    chain: AuditChain, stores: Sequence[AnchorStore], log: AuditLog, *, caller: Caller, now: datetime
) -> Anchor | None:
    """Record the end of the chain even if the chain lacks a recorded anchor, for example after a restore.

    Writes an audit entry with the missing anchors. Returns the new anchor. If the chain is empty, returns None and
    records nothing.
    """
    newest = chain.newest()
    if newest is None:
        return None
    missing = {
        str(each.segment): each.head
        for each in (store.read() for store in stores)
        if each is not None and not contains(chain, each)
    }
    anchor = Anchor.of(newest)
    detail = {"segment": anchor.segment, "missing": missing}
    log.add(Entry.of("audit.end_accepted", None, detail, caller=caller, at=now))
    for store in stores:
        store.write(anchor)
    return anchor


def contains(chain: AuditChain, anchor: Anchor) -> bool:
    """Return whether the chain contains the anchor, or was pruned beyond its segment. Does not verify the chain."""
    found = chain.segments(after=anchor.segment - 1, limit=1)
    if not found:
        return False
    (segment,) = found
    if segment.number == anchor.segment:
        return Anchor.of(segment) == anchor
    return segment.pruned_at is not None
