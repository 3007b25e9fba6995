"""What the API answers: one presenter a noun; `shapes.py` documents them."""

from datetime import datetime
from typing import Any

from flask import request

from identity.domain.account import Account
from identity.domain.person import masked_email
from identity.domain.session import AccountSummary, Principal, Session
from identity.usecases.bindings import BindingEntry
from identity.usecases.ports.queries import MailState


def format_time(value: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC, to the second."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def present_persona(persona: AccountSummary) -> dict[str, Any]:
    """Return an account as a session shows it."""
    return {
        "id": persona.id,
        "kind": persona.kind,
        "username": persona.username,
        "name": persona.name,
        "status": persona.status,
        "company": {"tax_id": persona.tax_id, "name": persona.company_name},
    }


def present_session(
    standing: Principal, *, token: str | None = None, mail: MailState | None = None
) -> dict[str, Any]:
    """Return a session: the account it acts as, the next open step and its rights."""
    answer: dict[str, Any] = {
        "expires_at": format_time(standing.expires_at),
        "next": standing.next_step,
        "account": present_persona(standing.account),
        "rights": list(standing.rights),
    }
    if token is not None:
        answer = {"token": token, **answer}
    if standing.switched:
        answer["actor"] = {"username": standing.actor.username, "name": standing.actor.name}
    if mail is not None:
        answer["verification_mail"] = {
            "state": mail.state,
            "at": format_time(mail.at),
            "category": mail.category,
        }
    return answer


def present_open_session(session: Session, *, current_id: str, ends_at: datetime) -> dict[str, Any]:
    """Return one of a person's own open sessions (LOGIN-7)."""
    return {
        "id": session.id,
        "current": session.id == current_id,
        "switched": session.binding_id is not None,
        "address": session.address,
        "user_agent": session.user_agent,
        "created_at": format_time(session.created_at),
        "last_seen_at": format_time(session.seen_at),
        "expires_at": format_time(ends_at),
    }


def present_binding(row: BindingEntry) -> dict[str, Any]:
    """Return one line of a link account's list (BIND-1). Of one that ended only names and tax id are left."""
    binding, account = row.binding, row.account
    shown: dict[str, Any] = {
        "username": account.username,
        "tax_id": account.tax_id,
        "name": account.name if binding.is_live else None,
        "company_name": account.company_name,
        "email_masked": masked_email(account.email) if binding.is_live else None,
        "company_phone": account.company_phone if binding.is_live else None,
    }
    return {
        "id": binding.id,
        "status": binding.status,
        "account": shown,
        "requested_at": format_time(binding.requested_at),
        "verified_at": format_time(binding.verified_at),
        "code_expires_at": format_time(row.code.expires_at)
        if row.code and binding.status == "unverified"
        else None,
        "removed_at": format_time(binding.removed_at),
        "removed_reason": binding.removed_reason,
    }


def present_account(account: Account) -> dict[str, Any]:
    """Return a person's own account (PRO-1)."""
    return {
        "id": account.id,
        "kind": account.kind,
        "username": account.username,
        "status": account.status,
        "name": account.name,
        "mobile": account.mobile,
        "email": account.email,
        "pending_email": account.pending_email,
        "company": {
            "tax_id": account.tax_id,
            "phone": account.company_phone,
            "name": account.company_name,
            "address": account.company_address,
        },
        "created_at": format_time(account.created_at),
    }


def etag_of(account: Account) -> str:
    """Return the entity tag of an account's revision (RFC 9110 section 8.8.3)."""
    return f'"{account.revision}"'


def revision_asked() -> str | None:
    """Return the `If-Match` header."""
    return request.headers.get("If-Match")
