"""Response schemas for logins at services (OIDC-24)."""

from marshmallow import fields

from identity.http.api.schemas import ResponseSchema, Timestamp

PORTAL = {
    "description": "whether the portal's session is open; if not, it has timed out, only the logins at services "
    "continue, and address, browser and times may be missing"
}
OF_PORTAL = frozenset({"address", "user_agent", "created_at", "last_seen_at"})
"""The fields that are missing once the row of a timed-out portal session is deleted."""


class ServiceCompanySchema(ResponseSchema):
    tax_id = fields.String()
    name = fields.String()


class ServiceLoginSchema(ResponseSchema):
    """A login at a service; `company` is null if a link account acts for no company."""

    id = fields.String()
    client = fields.String()
    name = fields.String(attribute="service")
    company = fields.Nested(ServiceCompanySchema, allow_none=True)
    created_at = Timestamp()
    expires_at = Timestamp()


class AdminServiceLoginSchema(ServiceLoginSchema):
    session_id = fields.String()
    holder_id = fields.String()
    account_id = fields.String()
    scopes = fields.List(fields.String())


class ServiceRecordSchema(AdminServiceLoginSchema):
    """A login at a service that may have ended."""

    ended_at = Timestamp(allow_none=True)
    ended_reason = fields.String(allow_none=True)
