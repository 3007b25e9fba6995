"""What operators are shown, by the admin API and by the commands alike."""

from datetime import datetime
from typing import Any

from identity.domain.account import Account
from identity.domain.session import Lifetimes, Session
from identity.http.api.answers import format_time, present_account
from identity.usecases.account_queries import AccountDetails
from identity.usecases.personal_data import PersonalDataExport
from identity.usecases.ports.audit import AuditRecord
from identity.usecases.ports.bindings import BindingWithAccounts


def present_found(account: Account) -> dict[str, Any]:
    """Return one line of a list of accounts."""
    return {
        "id": account.id,
        "username": account.username,
        "kind": account.kind,
        "status": account.status,
        "name": account.name,
        "email": account.email,
        "tax_id": account.tax_id,
        "company": account.company_name,
        "created_at": format_time(account.created_at),
    }


def present_state(account: Account) -> dict[str, Any]:
    """Return all of an account but its secrets."""
    return {
        **present_account(account),
        "review": account.review,
        "email_verified_at": format_time(account.email_verified_at),
        "suspended_at": format_time(account.suspended_at),
        "closed_at": format_time(account.closed_at),
        "closed_reason": account.closed_reason,
    }


def present_view(view: AccountDetails) -> dict[str, Any]:
    """Return an account with its login lock and what became of its newest verification mail."""
    mail = view.verification_mail
    shown = {"state": mail.state, "at": format_time(mail.at), "category": mail.category} if mail else None
    return {
        **present_state(view.account),
        "locked_until": format_time(view.locked_until),
        "verification_mail": shown,
    }


def present_tie(tie: BindingWithAccounts) -> dict[str, Any]:
    """Return a binding with both its sides."""
    binding = tie.binding
    return {
        "id": binding.id,
        "status": binding.status,
        "link": {"id": tie.link.id, "username": tie.link.username},
        "general": {"id": tie.general.id, "username": tie.general.username},
        "requested_at": format_time(binding.requested_at),
        "verified_at": format_time(binding.verified_at),
        "removed_at": format_time(binding.removed_at),
        "removed_reason": binding.removed_reason,
    }


def present_held_session(session: Session, lifetimes: Lifetimes) -> dict[str, Any]:
    """Return an open session: who holds it, as whom it acts."""
    return {
        "id": session.id,
        "holder_id": session.holder_id,
        "account_id": session.account_id,
        "binding_id": session.binding_id,
        "address": session.address,
        "user_agent": session.user_agent,
        "created_at": format_time(session.created_at),
        "last_seen_at": format_time(session.seen_at),
        "expires_at": format_time(session.ends_at(lifetimes)),
    }


def present_happened(happened: AuditRecord) -> dict[str, Any]:
    """Return a row of the audit log."""
    entry = happened.entry
    return {
        "id": happened.id,
        "at": format_time_ms(entry.at),
        "action": entry.action,
        "result": entry.result,
        "actor": {"kind": entry.actor_kind, "name": entry.actor, "via": entry.via},
        "account_id": entry.account_id,
        "link_account_id": entry.link_account_id,
        "address": entry.address,
        "request_id": entry.request_id,
        "reason": entry.reason,
        "detail": dict(entry.detail),
        "sealed": happened.sealed,
    }


def present_dossier(dossier: PersonalDataExport, lifetimes: Lifetimes) -> dict[str, Any]:
    """Return all that is kept of a person (OPS-6)."""
    return {
        "account": present_state(dossier.account),
        "consents": [
            {
                "document": each.document,
                "version": each.version,
                "accepted_at": format_time(each.accepted_at),
                "address": each.address,
            }
            for each in dossier.consents
        ],
        "bindings": [present_tie(each) for each in dossier.bindings],
        "sessions": [present_held_session(each, lifetimes) for each in dossier.sessions],
        "mails": [
            {
                "type": each.type,
                "asked_at": format_time(each.asked_at),
                "state": each.state,
                "at": format_time(each.at),
                "category": each.category,
            }
            for each in dossier.mails
        ],
        "history": [present_happened(each) for each in dossier.history],
    }


def format_time_ms(value: datetime) -> str:
    """Return a moment to the millisecond: rows of one second stay in order."""
    return f"{value.strftime('%Y-%m-%dT%H:%M:%S')}.{value.microsecond // 1000:03}Z"
