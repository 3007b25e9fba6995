"""A person's own account (PRO, UNB-2, UNB-3)."""

import re
from typing import Any

from flask import after_this_request, request
from marshmallow import fields

from identity.domain.account import Account
from identity.domain.errors import InvalidValue, RevisionMissing, RevisionStale
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.phone import parse_mobile, parse_phone
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Flag, Input, Part, SecretText, Text
from identity.http.api.schemas import AccountSchema, ResponseSchema, Timestamp
from identity.http.device_cookies import remember_device
from identity.http.field_errors import InvalidInput, field_error
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.usecases import bindings, profile, sessions

blueprint = Blueprint("profile", __name__, description="A person's own account")

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAGS = re.compile(rf"[\s,]*{_ENTITY_TAG}(?:\s*,[\s,]*{_ENTITY_TAG})*[\s,]*")
"""A list of entity tags, which may contain empty elements (RFC 9110 section 5.6.1)."""
_STRONG_REVISION = re.compile(r'(?<![^\s,])"([1-9][0-9]{0,8})"')


class CompanyChanges(Input):
    phone = Text(parse_phone)


class AccountChanges(Input):
    """Omitted fields stay as they are. A change of `email` requires `current_password` (PRO-1, PRO-2)."""

    name = Text(parse_full_name)
    mobile = Text(parse_mobile)
    email = Text(parse_mailbox)
    current_password = SecretText()
    company = Part(CompanyChanges)


class PasswordInput(Input):
    """`end_binding` also ends a general account's binding (UNB-5)."""

    current = SecretText(required=True)
    new = SecretText(required=True)
    end_binding = Flag()


class LinkAccountSchema(ResponseSchema):
    username = fields.String()
    name = fields.String()
    company_name = fields.String()


class OwnBindingSchema(ResponseSchema):
    """A general account's binding; without a binding, only the status is set."""

    inner = "binding"
    omissible = frozenset({"link", "requested_at", "verified_at"})

    status = fields.String(metadata={"enum": ["none", "unverified", "verified"]})
    link = fields.Nested(LinkAccountSchema)
    requested_at = Timestamp()
    verified_at = Timestamp(allow_none=True)


def _require_not_switched() -> None:
    require_principal().require_not_switched()


def _with_etag(account: Account) -> tuple[Account, dict[str, str]]:
    """Return the account with its revision as the entity tag (RFC 9110 section 8.8.3)."""
    return account, {"ETag": f'"{account.revision}"'}


@blueprint.get("/account")
@blueprint.errors(401, 403)
@blueprint.response(200, AccountSchema)
def show() -> tuple[Account, dict[str, str]]:
    """Return the caller's account with its entity tag."""
    after_this_request(lambda response: response.make_conditional(request))  # If-None-Match
    return _with_etag(profile.show(ports(), require_principal()))


@blueprint.patch("/account")
@blueprint.arguments(AccountChanges, guard=_require_not_switched)
@blueprint.errors(401, 403, 412, 422, 428, 429, 503)
@blueprint.response(200, AccountSchema)
def change(arguments: dict[str, Any]) -> tuple[Account, dict[str, str]]:
    """Save changes; a new mailbox takes effect when it is verified (PRO-1, PRO-2, PRO-5)."""
    password, company = arguments.pop("current_password", None), arguments.pop("company", {})
    changes = profile.Changes(**arguments, company_phone=company.get("phone"))
    account = profile.change(
        ports(),
        require_principal(),
        changes,
        revisions=_revisions(),
        current_password=password.reveal() if password else None,
    )
    return _with_etag(account)


def _revisions() -> frozenset[int] | None:
    """Return the revisions in If-Match, or None for `*` (RFC 9110 section 13.1.1).

    A weak tag matches nothing, because the comparison is strong. Raises RevisionMissing, or RevisionStale if the header
    is malformed.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise RevisionMissing
    if header.strip() == "*":
        return None
    if not _ENTITY_TAGS.fullmatch(header):
        raise RevisionStale
    return frozenset(int(revision) for revision in _STRONG_REVISION.findall(header))


@blueprint.put("/account/password")
@blueprint.arguments(PasswordInput, guard=_require_not_switched)
@blueprint.errors(401, 403, 422, 429, 503)
@blueprint.response(204)
def change_password(arguments: dict[str, Any]) -> None:
    """Change the password, and set a new device cookie (PRO-4, SEC-3).

    All other sessions, all logins at services and a pending change of mailbox end.
    """
    try:
        account = profile.change_password(
            ports(),
            require_principal(),
            current=arguments["current"].reveal(),
            new=arguments["new"].reveal(),
            end_binding=arguments.get("end_binding", False),
        )
    except InvalidValue as error:
        raise InvalidInput([field_error("/new", error)]) from None
    device = sessions.issue_device(ports(), account)
    after_this_request(lambda response: remember_device(response, device))


@blueprint.delete("/account/pending-email")
@blueprint.errors(401, 403, 404)
@blueprint.response(204)
def withdraw_email_change() -> None:
    """Withdraw a pending change of mailbox (PRO-2)."""
    profile.withdraw_email_change(ports(), require_principal())


@blueprint.get("/account/binding")
@blueprint.errors(401, 403)
@blueprint.response(200, OwnBindingSchema)
def show_binding() -> dict[str, Any]:
    """Return the binding of the caller's general account (UNB-3)."""
    bound = bindings.binding_of(ports(), require_principal("general"))
    if bound is None:
        return {"status": "none"}
    binding, link = bound
    return {"binding": binding, "link": link}


@blueprint.delete("/account/binding")
@blueprint.errors(401, 403, 404)
@blueprint.response(204)
def unbind() -> None:
    """End the binding of the caller's general account, and the sessions and logins that use it (UNB-2)."""
    bindings.unbind_from_general(ports(), require_principal("general"))
