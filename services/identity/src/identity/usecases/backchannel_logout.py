"""Notifies clients of ended grants, and ends grants whose login has expired (OIDC-22)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from identity.domain.backchannel_logout import (
    LEASE,
    LeasedLogout,
    Verdict,
    logout_claims,
    may_be_retried,
    verdict_on_status,
    wait_after,
)
from identity.usecases.ports import Transaction
from identity.usecases.ports.backchannel_logout_sender import ClientUnreachable, LogoutSender
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.jose import TokenSigner
from identity.usecases.ports.meters import LogoutMeter
from identity.usecases.ports.randomness import Randomness
from identity.usecases.steps import session_termination

_log = structlog.get_logger("identity.notify")
_TOLD = "told"
_NO_URI = "no back-channel URI"
_EXPIRED_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyPorts:
    """The ports of `identity notify`, which has no keys for links, mails or the audit log."""

    transaction: Callable[[], Transaction]
    signer: TokenSigner
    sender: LogoutSender
    meter: LogoutMeter
    clock: Clock
    randomness: Randomness
    issuer: str


def clients_due(ports: NotifyPorts) -> Sequence[str]:
    """Return the clients that have a due logout."""
    with ports.transaction() as transaction:
        return transaction.logouts.clients_due(ports.clock.now())


def lease_next(ports: NotifyPorts, client: str) -> LeasedLogout | None:
    """Lease a client's next due logout.

    Return None if none is due, or if MAX_AT_ONCE of the client's logouts are already leased.
    """
    now = ports.clock.now()
    with ports.transaction() as transaction:
        logout = transaction.logouts.lease(client, now, until=now + LEASE)
        transaction.commit()
    return logout


def tell(ports: NotifyPorts, logout: LeasedLogout) -> Verdict:
    """Notify the client once, and record the outcome."""
    verdict, outcome = _try(ports, logout)
    if verdict == "retried" and not may_be_retried(logout, ports.clock.now()):
        verdict = "set_aside"
    if _record(ports, logout, verdict, outcome):
        ports.meter.count_attempt(verdict)
        if verdict == "told":
            ports.meter.observe_delay((ports.clock.now() - logout.created_at).total_seconds())
    return verdict


def _try(ports: NotifyPorts, logout: LeasedLogout) -> tuple[Verdict, str]:
    if logout.backchannel_uri is None:
        return "set_aside", _NO_URI
    claims = logout_claims(
        logout, issuer=ports.issuer, token_id=ports.randomness.identifier(), now=ports.clock.now()
    )
    token = ports.signer.sign(claims, token_type="logout+jwt", algorithm=logout.id_token_alg)  # noqa: S106 - a JWT type, not a password
    try:
        status = ports.sender.send(logout.backchannel_uri, token)
    except ClientUnreachable as error:
        return "retried", str(error)
    verdict = verdict_on_status(status)
    return verdict, _TOLD if verdict == "told" else f"status {status}"


def _record(ports: NotifyPorts, logout: LeasedLogout, verdict: Verdict, outcome: str) -> bool:
    """Record an attempt; return False if another process has taken over the lease."""
    now = ports.clock.now()
    with ports.transaction() as transaction:
        if verdict == "retried":
            wait = wait_after(logout.tries, spread=int(ports.randomness.digits(4)) / 10_000)
            recorded = transaction.logouts.postpone(logout, outcome, due_at=now + wait)
        else:
            recorded = transaction.logouts.settle(logout, outcome, now)
        if recorded and verdict == "set_aside":
            transaction.record_action(
                "logout.set_aside",
                logout.sub,
                client=logout.client,
                grant_id=logout.grant_id,
                logout_id=logout.id,
                why=outcome,
            )
        transaction.commit()
    if verdict != "told":
        _log.warning(
            "logout notification failed",
            client=logout.client,
            logout=logout.id,
            tries=logout.tries,
            why=outcome,
            verdict=verdict,
        )
    return recorded


def end_expired(ports: NotifyPorts) -> int:
    """End grants whose login has reached its absolute end, in batches; return their number."""
    ended = 0
    while True:
        with ports.transaction() as transaction:
            batch = session_termination.end_expired(transaction, limit=_EXPIRED_BATCH)
            transaction.commit()
        ended += batch
        if batch < _EXPIRED_BATCH:
            return ended
