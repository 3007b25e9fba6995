"""Logins at services, as their owners and as operators see them (OIDC-24)."""

from marshmallow import fields

from identity.http.api.schemas import ResponseSchema, Timestamp

PORTAL = {
    "description": "whether the portal's own session goes on; if not, it has timed out, the services alone go on, and "
    "its address, browser and times may be missing"
}
OF_PORTAL = frozenset({"address", "user_agent", "created_at", "last_seen_at"})
"""The fields that a login lacks once its session at the portal has timed out."""


class ServiceCompanySchema(ResponseSchema):
    """The company that a person acts for at a service."""

    tax_id = fields.String()
    name = fields.String()


class ServiceLoginSchema(ResponseSchema):
    """A login at a service; `company` is null where a link account acts for no company."""

    id = fields.String()
    client = fields.String()
    name = fields.String(attribute="service")
    company = fields.Nested(ServiceCompanySchema, allow_none=True)
    created_at = Timestamp()
    expires_at = Timestamp()


class AdminServiceLoginSchema(ServiceLoginSchema):
    """The same, with the accounts and what the service may read."""

    session_id = fields.String()
    holder_id = fields.String()
    account_id = fields.String()
    scopes = fields.List(fields.String())


class ServiceRecordSchema(AdminServiceLoginSchema):
    """The same, also after its end."""

    ended_at = Timestamp(allow_none=True)
    ended_reason = fields.String(allow_none=True)
