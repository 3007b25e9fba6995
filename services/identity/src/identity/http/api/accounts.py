"""Registration (REG)."""

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError, validates_schema
from port_runtime.secret import Secret

from identity.domain import company, person
from identity.domain.account import Registration
from identity.domain.company import Company
from identity.domain.errors import FieldError, InvalidValue, UsernameTaken
from identity.domain.password import normalized
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, Part, SecretText, Text, fault_message
from identity.http.api.response_schemas import RegisteredShown
from identity.http.applications import parse_tax_id, password_faults
from identity.http.context import client_info, ports
from identity.http.problems import PROBLEMS
from identity.usecases import registration

blueprint = ApiBlueprint("accounts", __name__, description="Registration")


def _kind(raw: str) -> str:
    if raw not in {"general", "link"}:
        raise InvalidValue("invalid_kind")
    return raw


class CompanyInput(Input):
    """公司資料 (manual, steps 9 to 12)."""

    tax_id = Text(parse_tax_id, required=True)
    phone = Text(company.parse_phone, required=True)
    name = Text(company.parse_company_name, required=True)
    address = Text(company.parse_address, required=True)


class AccountInput(Input):
    """帳號資料 (manual, steps 3 to 8)."""

    kind = Text(_kind, required=True, metadata={"enum": ["general", "link"]})
    username = Text(person.parse_username, required=True)
    name = Text(person.parse_name, required=True)
    mobile = Text(person.parse_mobile, required=True)
    email = Text(person.parse_email, required=True)
    password = SecretText(required=True)
    company = Part(CompanyInput, required=True)

    @validates_schema(skip_on_field_errors=False)
    def judge_password(self, data: dict[str, Any], **_: Any) -> None:
        """Judge the password beside whatever else is right, so that all faults are told at once (REG-10)."""
        password = data.get("password")
        if not isinstance(password, Secret):
            return
        firm = data.get("company") or {}
        said = {**data, "company_name": firm.get("name", ""), "tax_id": firm.get("tax_id", "")}
        messages = [fault_message(fault) for fault in password_faults(password.reveal(), said)]
        if messages:
            raise ValidationError(messages, "password")


def _taken(said: dict[str, Any]) -> Iterator[FieldError]:
    """Tell of a taken name beside what else is wrong, so that all faults are told at once (REG-3, REG-11).

    To an address that has asked for very many names, only when all else is right.
    """
    name = said.get("username")
    if name is not None and registration.is_taken(ports(), name, client=client_info()):
        yield FieldError("/username", "username_taken", PROBLEMS[UsernameTaken].sentence)


@blueprint.post("/accounts")
@body(blueprint, AccountInput, extra_checks=_taken)
@documents_errors(blueprint, 409, 422, 429, 503)
@blueprint.response(202, RegisteredShown)
def register(given: dict[str, Any]) -> dict[str, Any]:
    """Open an account; its mailbox is then proven by the mailed link (REG-9, REG-13)."""
    application = Registration(
        kind=given["kind"],
        username=given["username"],
        name=given["name"],
        mobile=given["mobile"],
        email=given["email"],
        company=Company(**given["company"]),
    )
    password = normalized(given["password"].reveal())
    account = registration.register(ports(), application, password=password, client=client_info())
    return {
        "id": account.id,
        "username": account.username,
        "kind": account.kind,
        "status": "email_unverified",
    }
