"""Back-channel logout: the notification of clients about ended grants, and the end of expired grants (OIDC-22)."""

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
    """The ports of `identity notify`: fewer than `Ports`, because the process has no keys for links and mails."""

    transaction: Callable[[], Transaction]
    signer: TokenSigner
    sender: LogoutSender
    meter: LogoutMeter
    clock: Clock
    randomness: Randomness
    issuer: str


def clients_due(ports: NotifyPorts) -> Sequence[str]:
    with ports.transaction() as transaction:
        return transaction.logouts.clients_due(ports.clock.now())


def lease_next(ports: NotifyPorts, client: str) -> LeasedLogout | None:
    """Lease the client's next due logout for LEASE.

    Return None if none is due, or if MAX_AT_ONCE of the client's logouts are already leased.
    """
    now = ports.clock.now()
    with ports.transaction() as transaction:
        logout = transaction.logouts.lease(client, now, until=now + LEASE)
        transaction.commit()
    return logout


def notify_client(ports: NotifyPorts, logout: LeasedLogout) -> Verdict:
    """Make one attempt and record its outcome, unless the lease was lost; return the verdict in both cases."""
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
    """Record an attempt, and log a failure. Return False if the logout has been changed since its lease."""
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
    """End the grants past the absolute end of their login, in batches; return their number."""
    ended = 0
    while True:
        with ports.transaction() as transaction:
            batch = session_termination.end_expired(transaction, limit=_EXPIRED_BATCH)
            transaction.commit()
        ended += batch
        if batch < _EXPIRED_BATCH:
            return ended
