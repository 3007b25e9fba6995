"""A person's own account (PRO, UNB-2, UNB-3)."""

import re
from typing import Any

from flask import Response, jsonify

from identity.domain import company, person
from identity.domain.account import Account
from identity.domain.errors import FieldError, InvalidInput, InvalidValue, RevisionMissing, RevisionStale
from identity.http.api.answers import etag_of, format_time, present_account, revision_asked
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Flag, Input, Part, SecretText, Text
from identity.http.api.response_schemas import AccountShown, OwnBinding
from identity.http.context import ports, require_principal
from identity.http.device_cookies import remember_device
from identity.http.problems import field_error_sentence
from identity.usecases import bindings, profile, sessions

blueprint = ApiBlueprint("profile", __name__, description="A person's own account")

_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


class CompanyChanges(Input):
    """What of the company's data may be changed."""

    phone = Text(company.parse_phone)


class AccountChanges(Input):
    """What may be changed (PRO-1)."""

    name = Text(person.parse_name)
    mobile = Text(person.parse_mobile)
    email = Text(person.parse_email)
    current_password = SecretText()
    company = Part(CompanyChanges)


class PasswordInput(Input):
    """修改密碼 (PRO-4)."""

    current = SecretText(required=True)
    new = SecretText(required=True)
    end_binding = Flag()


def _own() -> None:
    """Refuse who does not act for themselves (SW-4)."""
    sessions.require_not_switched(require_principal())


def _shown(account: Account) -> Response:
    response = jsonify(present_account(account))
    response.headers["ETag"] = etag_of(account)
    return response


@blueprint.get("/account")
@documents_errors(blueprint, 401, 403)
@blueprint.alt_response(200, schema=AccountShown)
def show() -> Response:
    """Return one's own account with its entity tag."""
    return _shown(profile.show(ports(), require_principal()))


@blueprint.patch("/account")
@body(blueprint, AccountChanges, guard=_own)
@documents_errors(blueprint, 401, 403, 412, 422, 428, 429, 503)
@blueprint.alt_response(200, schema=AccountShown)
def change(given: dict[str, Any]) -> Response:
    """Save changes; a new mailbox takes effect when it is proven (PRO-1, PRO-2, PRO-5)."""
    changes = profile.Changes(
        name=given.get("name"),
        mobile=given.get("mobile"),
        email=given.get("email"),
        company_phone=given.get("company", {}).get("phone"),
    )
    password = given.get("current_password")
    account = profile.change(
        ports(),
        require_principal(),
        changes,
        revision=_revision(),
        current_password=password.reveal() if password else None,
    )
    return _shown(account)


def _revision() -> int:
    asked = revision_asked()
    if asked is None:
        raise RevisionMissing
    matched = _ETAG.fullmatch(asked.strip())
    if matched is None:
        raise RevisionStale
    return int(matched[1])


@blueprint.put("/account/password")
@body(blueprint, PasswordInput, guard=_own)
@documents_errors(blueprint, 401, 403, 422, 429, 503)
@blueprint.alt_response(204)
def change_password(given: dict[str, Any]) -> Response:
    """Change the password; every other session ends (PRO-4, UNB-5)."""
    try:
        account = profile.change_password(
            ports(),
            require_principal(),
            current=given["current"].reveal(),
            new=given["new"].reveal(),
            end_binding=given.get("end_binding", False),
        )
    except InvalidValue as fault:
        raise InvalidInput([FieldError("/new", fault.code, field_error_sentence(fault))]) from None
    return remember_device(Response(status=204), sessions.issue_device(ports(), account))


@blueprint.delete("/account/pending-email")
@documents_errors(blueprint, 401, 403, 404)
@blueprint.response(204)
def withdraw_email_change() -> None:
    """Withdraw a change of mailbox that is not yet proven (PRO-2)."""
    profile.withdraw_email_change(ports(), require_principal())


@blueprint.get("/account/binding")
@documents_errors(blueprint, 401, 403)
@blueprint.response(200, OwnBinding)
def show_binding() -> dict[str, Any]:
    """Tell by whom a general account is bound and since when (UNB-3)."""
    bound = bindings.binding_of(ports(), require_principal("general"))
    if bound is None:
        return {"status": "none"}
    binding, link = bound
    return {
        "status": binding.status,
        "link": {"username": link.username, "name": link.name, "company_name": link.company_name},
        "requested_at": format_time(binding.requested_at),
        "verified_at": format_time(binding.verified_at),
    }


@blueprint.delete("/account/binding")
@documents_errors(blueprint, 401, 403, 404)
@blueprint.response(204)
def unbind() -> None:
    """End the binding of one's own account (UNB-2)."""
    bindings.unbind_from_general(ports(), require_principal("general"))
