"""Schemas that several resources share: the base of response schemas, times, accounts, mails and problems."""

from datetime import datetime
from typing import Any, ClassVar

import marshmallow
from marshmallow import fields
from port_runtime.mailbox_mask import masked_mailbox
from typing_extensions import override


class ResponseSchema(marshmallow.Schema):
    """A response. If `inner` is set, attributes that the dumped object lacks are read from its attribute of that name.

    The OpenAPI document marks every field as required, except those in `omissible`.
    """

    inner: ClassVar[str | None] = None
    omissible: ClassVar[frozenset[str]] = frozenset()

    @override
    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        field_obj.required = field_name not in self.omissible

    @override
    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        value = super().get_attribute(obj, attr, default)
        if value is default and self.inner is not None:
            inner = super().get_attribute(obj, self.inner, None)
            return super().get_attribute(inner, attr, default)
        return value


def format_time(value: datetime, timespec: str = "seconds") -> str:
    """Return a UTC time in the form of RFC 3339, truncated to `timespec`."""
    return value.isoformat(timespec=timespec).replace("+00:00", "Z")


class Timestamp(fields.String):
    def __init__(self, timespec: str = "seconds", **options: Any) -> None:
        super().__init__(metadata={"format": "date-time"}, **options)
        self._timespec = timespec

    @override
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return format_time(value, self._timespec) if value is not None else None


class MaskedEmail(fields.String):
    @override
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return masked_mailbox(value) if value is not None else None


class MailStateSchema(ResponseSchema):
    """The state of a verification mail. `category` is the reason for a refusal, otherwise null."""

    state = fields.String(metadata={"enum": ["waiting", "sent", "refused"]})
    at = Timestamp()
    category = fields.String(allow_none=True)


class CompanySchema(ResponseSchema):
    """An account's own copy of its company's data."""

    inner = "account"

    tax_id = fields.String()
    phone = fields.String(attribute="company_phone")
    name = fields.String(attribute="company_name")
    address = fields.String(attribute="company_address")


class Whole(fields.Nested):
    """A nested response object that is dumped from the same object as its parent."""

    @override
    def get_value(self, obj: Any, *_args: Any, **_kwargs: Any) -> Any:
        return obj


class AccountSchema(ResponseSchema):
    id = fields.String()
    kind = fields.String()
    username = fields.String()
    status = fields.String()
    name = fields.String()
    mobile = fields.String()
    email = fields.String()
    pending_email = fields.String(allow_none=True)
    company = Whole(CompanySchema)
    created_at = Timestamp()


class FieldErrorSchema(ResponseSchema):
    """`pointer` is a JSON pointer (RFC 6901) to the invalid field."""

    pointer = fields.String()
    code = fields.String()
    detail = fields.String()


class ProblemSchema(ResponseSchema):
    """A problem document (RFC 9457); `code` is stable, `detail` is for people."""

    omissible = frozenset({"errors", "next", "tries_left", "here", "right", "reason", "state"})

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.List(fields.Nested(FieldErrorSchema))
    next = fields.String()
    tries_left = fields.Integer()
    here = fields.Boolean()
    right = fields.String()
    reason = fields.String()
    state = fields.String()
