"""The end of sessions and grants, in the caller's transaction (OIDC-21).

Only this module calls `uow.sessions.end…` and `uow.grants.end…`, so that each end of a grant is recorded and its client
notified. The end of a grant also ends its children.
"""

from collections.abc import Sequence

from identity.domain.grant import EndedGrant, EndReason
from identity.domain.session import Session
from identity.usecases.ports import Transaction, UnitOfWork


def end_session(uow: UnitOfWork, session_id: str, reason: EndReason, *, holder_id: str | None) -> bool:
    """End one session and its grants, even if only the grants are left; with a `holder_id`, only that account's.

    Return False if there is neither the session nor a grant of it.
    """
    was_open = uow.sessions.end(session_id, holder_id=holder_id)
    grants = uow.grants.end_of_sessions([session_id], reason, uow.clock.now(), holder_id=holder_id)
    return _record_ended(uow, grants, reason) > 0 or was_open


def replace_session(uow: UnitOfWork, former_id: str, session_id: str) -> None:
    """End the former session of a person who has logged in again; its grants move to the new session."""
    uow.sessions.end(former_id, holder_id=None)
    uow.grants.move(former_id, session_id)


def end_oldest_sessions(uow: UnitOfWork, newest: Session, *, keep: int) -> Sequence[str]:
    """End the account's open sessions beyond the `keep` newest, and their grants; return the sessions' ids."""
    now = uow.clock.now()
    ended = uow.sessions.end_oldest(newest, keep=keep, idle_since=now - uow.rules.sessions.idle)
    if ended:
        _record_ended(uow, uow.grants.end_of_sessions(ended, "session_ended", now), "session_ended")
    return ended


def end_other_sessions(uow: UnitOfWork, account_id: str, *, except_id: str) -> int:
    """End the sessions and grants that the account opened, except one session and its grants.

    Return the number of sessions.
    """
    ended = uow.sessions.end_others(account_id, except_id=except_id)
    now = uow.clock.now()
    grants = uow.grants.end_of_holder(account_id, "session_ended", now, except_session_id=except_id)
    _record_ended(uow, grants, "session_ended")
    return ended


def end_sessions_of_account(
    uow: UnitOfWork,
    account_id: str,
    reason: EndReason,
    *,
    except_id: str | None = None,
    keep_grants: bool = False,
) -> int:
    """End the sessions and grants that the account opened or that act as the account; return the number of sessions.

    The session `except_id` continues; its grants continue only with `keep_grants`.
    """
    ended = uow.sessions.end_of_account(account_id, except_id=except_id)
    grants = uow.grants.end_of_account(
        account_id, reason, uow.clock.now(), except_session_id=except_id if keep_grants else None
    )
    _record_ended(uow, grants, reason)
    return ended


def end_of_binding(uow: UnitOfWork, binding_id: str) -> None:
    """End every session and grant that uses the binding (SW-5)."""
    uow.sessions.end_of_binding(binding_id)
    now = uow.clock.now()
    _record_ended(uow, uow.grants.end_of_binding(binding_id, "binding_removed", now), "binding_removed")


def end_of_client(uow: UnitOfWork, client: str, reason: EndReason) -> int:
    """End all grants of a client; return their number. The client's row must be locked, so that no grant is opened."""
    return _record_ended(uow, uow.grants.end_of_client(client, reason, uow.clock.now()), reason)


def end_grant(uow: UnitOfWork, grant_id: str, reason: EndReason) -> int:
    """End one grant with its children; return the number of ended grants, 0 if it is unknown or has ended."""
    return _record_ended(uow, uow.grants.end(grant_id, reason, uow.clock.now()), reason)


def end_expired(uow: Transaction, *, limit: int) -> int:
    """End up to `limit` grants past the absolute end of their login; locked grants are skipped. Return their number."""
    return _record_ended(uow, uow.grants.end_expired(uow.clock.now(), limit=limit), "expired")


def _record_ended(uow: Transaction, ended: Sequence[EndedGrant], reason: EndReason) -> int:
    """Record each ended grant, and queue the notification of its client (OIDC-22, OIDC-29)."""
    for grant in ended:
        uow.record_action(
            "grant.ended",
            grant.account_id,
            grant_id=grant.id,
            client=grant.client,
            why=reason,
            **({"link_account_id": grant.holder_id} if grant.holder_id != grant.account_id else {}),
        )
    if ended:
        uow.logouts.add_pending(ended, uow.clock.now())
    return len(ended)
