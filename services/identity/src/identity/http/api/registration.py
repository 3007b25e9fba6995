"""Registration (REG)."""

from typing import Any, cast

from marshmallow import ValidationError, fields, validates_schema
from port_runtime.secret import Secret
from typing_extensions import override

from identity.domain.account import Registration
from identity.domain.company import Company, parse_company_name
from identity.domain.errors import InvalidValue, UsernameTaken
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.password_policy import normalized
from identity.domain.phone import parse_mobile, parse_phone
from identity.domain.postal_address import parse_postal_address
from identity.domain.username import parse_username
from identity.http import problems
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, Part, SecretText, Text
from identity.http.api.schemas import ResponseSchema
from identity.http.client_info import client_info
from identity.http.field_errors import FieldError, parse_tax_id, password_errors
from identity.http.web_context import ports
from identity.usecases import registration

blueprint = Blueprint("accounts", __name__, description="Registration")


def _kind(raw: str) -> str:
    if raw not in {"general", "link"}:
        raise InvalidValue("invalid_kind")
    return raw


class CompanyInput(Input):
    """The company fields of the form (manual, steps 9 to 12)."""

    tax_id = Text(parse_tax_id, required=True)
    phone = Text(parse_phone, required=True)
    name = Text(parse_company_name, required=True)
    address = Text(parse_postal_address, required=True)


class AccountInput(Input):
    """The account fields of the form (manual, steps 3 to 8), and the company."""

    kind = Text(_kind, required=True, metadata={"enum": ["general", "link"]})
    username = Text(parse_username, required=True)
    name = Text(parse_full_name, required=True)
    mobile = Text(parse_mobile, required=True)
    email = Text(parse_mailbox, required=True)
    password = SecretText(required=True)
    company = Part(CompanyInput, required=True)

    @validates_schema(skip_on_field_errors=False)
    def check_password(self, data: dict[str, Any], **_: Any) -> None:
        """Check the password against the valid fields, even if others are wrong (REG-10). Raises ValidationError."""
        password = data.get("password")
        if not isinstance(password, Secret):
            return
        company = data.get("company") or {}
        values = {**data, "company_name": company.get("name", ""), "tax_id": company.get("tax_id", "")}
        errors = list(password_errors(password.reveal(), values))
        if errors:
            raise ValidationError(errors, "password")

    @override
    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Report a taken username along with other errors (REG-3, REG-11).

        Above the rate limit of the client address, it is reported only if the request is otherwise valid.
        """
        name = cast("dict[str, Any]", error.valid_data or {}).get("username")
        if name is not None and registration.is_taken(ports(), name, client=client_info()):
            taken = FieldError("/username", "username_taken", problems.sentence(UsernameTaken()))
            error.messages_dict["username"] = taken


class RegisteredAccountSchema(ResponseSchema):
    inner = "account"

    id = fields.String()
    username = fields.String()
    kind = fields.String()
    status = fields.String()


@blueprint.post("/accounts")
@blueprint.arguments(AccountInput)
@blueprint.errors(409, 422, 429, 503)
@blueprint.response(202, RegisteredAccountSchema)
def register(form: dict[str, Any]) -> dict[str, Any]:
    """Register an account, and mail a link that verifies its mailbox, or a notice if the mailbox is taken (REG-9)."""
    password = normalized(form.pop("password").reveal())
    registered = Registration(**{**form, "company": Company(**form["company"])})
    account = registration.register(ports(), registered, password=password, client=client_info())
    return {"account": account, "status": "email_unverified"}
