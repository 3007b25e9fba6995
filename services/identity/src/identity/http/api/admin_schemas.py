"""Response schemas of the admin API and the `identity` command; this module does not import Flask."""

from marshmallow import fields

from identity.http.api.schemas import AccountSchema, MailStateSchema, ResponseSchema, Timestamp
from identity.http.api.service_schemas import OF_PORTAL, PORTAL, AdminServiceLoginSchema, ServiceRecordSchema


class FoundAccountSchema(ResponseSchema):
    id = fields.String()
    username = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    status = fields.String()
    name = fields.String()
    email = fields.String()
    tax_id = fields.String()
    company = fields.String(attribute="company_name")
    created_at = Timestamp()


class FoundAccountsSchema(ResponseSchema):
    """`next` is the `after` of the next page. It is null if this page is not full."""

    items = fields.List(fields.Nested(FoundAccountSchema))
    next = fields.String(allow_none=True)


class AccountStateSchema(AccountSchema):
    review = fields.String(metadata={"enum": ["none", "pending", "approved", "rejected"]})
    email_verified_at = Timestamp(allow_none=True)
    suspended_at = Timestamp(allow_none=True)
    closed_at = Timestamp(allow_none=True)
    closed_reason = fields.String(allow_none=True)


class AdminAccountSchema(AccountStateSchema):
    """`locked_until` is null unless failed logins lock the account. `verification_mail` is the newest, or null."""

    inner = "account"

    locked_until = Timestamp(allow_none=True)
    verification_mail = fields.Nested(MailStateSchema, allow_none=True)


class SideSchema(ResponseSchema):
    """One of the two accounts of a binding."""

    id = fields.String()
    username = fields.String()


class AdminBindingSchema(ResponseSchema):
    inner = "binding"

    id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified", "removed"]})
    link = fields.Nested(SideSchema)
    general = fields.Nested(SideSchema)
    requested_at = Timestamp()
    verified_at = Timestamp(allow_none=True)
    removed_at = Timestamp(allow_none=True)
    removed_reason = fields.String(allow_none=True)


class AdminBindingsSchema(ResponseSchema):
    """An account's bindings, live and ended, newest first."""

    items = fields.List(fields.Nested(AdminBindingSchema))


class AdminSessionSchema(ResponseSchema):
    """A session that `holder_id` opened and that acts as `account_id`."""

    inner = "session"
    omissible = OF_PORTAL | {"account_id", "binding_id"}

    id = fields.String()
    holder_id = fields.String()
    account_id = fields.String()
    binding_id = fields.String(allow_none=True)
    address = fields.String()
    user_agent = fields.String()
    created_at = Timestamp()
    last_seen_at = Timestamp(attribute="seen_at")
    portal = fields.Boolean(attribute="is_portal_open", metadata=PORTAL)
    expires_at = Timestamp()
    services = fields.List(fields.Nested(AdminServiceLoginSchema))


class AdminSessionsSchema(ResponseSchema):
    """Sessions that have not timed out, and those that have but whose logins at services continue."""

    items = fields.List(fields.Nested(AdminSessionSchema))


class AuditActorSchema(ResponseSchema):
    """`via` is the service that asserted the operator's name, otherwise null."""

    kind = fields.String(
        attribute="actor_kind", metadata={"enum": ["person", "operator", "service", "system"]}
    )
    name = fields.String(attribute="actor")
    via = fields.String(allow_none=True)


class AuditRowSchema(ResponseSchema):
    inner = "entry"

    id = fields.Integer()
    at = Timestamp("milliseconds")
    action = fields.String()
    result = fields.String(metadata={"enum": ["done", "refused"]})
    actor = fields.Nested(AuditActorSchema, attribute="entry")
    account_id = fields.String(allow_none=True)
    link_account_id = fields.String(allow_none=True)
    address = fields.String()
    request_id = fields.String()
    reason = fields.String(allow_none=True)
    detail = fields.Dict()
    sealed = fields.Boolean(attribute="chained")  # the row is in the chain


class AuditRowsSchema(ResponseSchema):
    """Rows, newest first. `next` is the `before` of the next page. It is null if this page is not full."""

    items = fields.List(fields.Nested(AuditRowSchema))
    next = fields.Integer(allow_none=True)


class EndedSessionsSchema(ResponseSchema):
    ended = fields.Integer()


class ConsentRecordSchema(ResponseSchema):
    document = fields.String()
    version = fields.String()
    accepted_at = Timestamp()
    address = fields.String()


class MailRecordSchema(ResponseSchema):
    """A mail that is still in the outbox. `asked_at` is the time of its request, `at` the time of its newest state."""

    type = fields.String()
    asked_at = Timestamp()
    state = fields.String(allow_none=True)
    at = Timestamp(allow_none=True)
    category = fields.String(allow_none=True)


class PersonalDataSchema(ResponseSchema):
    """A person's data, without secrets (OPS-6)."""

    inner = "export"

    account = fields.Nested(AccountStateSchema)
    consents = fields.List(fields.Nested(ConsentRecordSchema))
    bindings = fields.List(fields.Nested(AdminBindingSchema))
    sessions = fields.List(fields.Nested(AdminSessionSchema(exclude=("portal", "services"))))
    services = fields.List(fields.Nested(ServiceRecordSchema))
    mails = fields.List(fields.Nested(MailRecordSchema))
    history = fields.List(fields.Nested(AuditRowSchema))
