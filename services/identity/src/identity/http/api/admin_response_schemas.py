"""The schemas that document what the admin API answers; `admin_answers.py` makes it."""

from marshmallow import fields

from identity.http.api.response_schemas import AccountShown, MailShown, Shape

_TIME = {"format": "date-time"}


class FoundAccount(Shape):
    """One line of a list of accounts."""

    id = fields.String()
    username = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    status = fields.String()
    name = fields.String()
    email = fields.String()
    tax_id = fields.String()
    company = fields.String()
    created_at = fields.String(metadata=_TIME)


class FoundAccounts(Shape):
    """A page of accounts; `next` is the cursor of the page after it, null on the last."""

    items = fields.List(fields.Nested(FoundAccount))
    next = fields.String(allow_none=True)


class AdminAccount(AccountShown):
    """All of an account but its secrets."""

    review = fields.String(metadata={"enum": ["none", "pending", "approved", "rejected"]})
    email_verified_at = fields.String(allow_none=True, metadata=_TIME)
    suspended_at = fields.String(allow_none=True, metadata=_TIME)
    closed_at = fields.String(allow_none=True, metadata=_TIME)
    closed_reason = fields.String(allow_none=True)
    locked_until = fields.String(allow_none=True, metadata=_TIME)
    verification_mail = fields.Nested(MailShown, allow_none=True)


class Side(Shape):
    """One side of a binding."""

    id = fields.String()
    username = fields.String()


class AdminBinding(Shape):
    """A binding with both its sides."""

    id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified", "removed"]})
    link = fields.Nested(Side)
    general = fields.Nested(Side)
    requested_at = fields.String(metadata=_TIME)
    verified_at = fields.String(allow_none=True, metadata=_TIME)
    removed_at = fields.String(allow_none=True, metadata=_TIME)
    removed_reason = fields.String(allow_none=True)


class AdminBindings(Shape):
    """An account's bindings, newest first."""

    items = fields.List(fields.Nested(AdminBinding))


class AdminSession(Shape):
    """An open session."""

    id = fields.String()
    holder_id = fields.String()
    account_id = fields.String()
    binding_id = fields.String(allow_none=True)
    address = fields.String()
    user_agent = fields.String()
    created_at = fields.String(metadata=_TIME)
    last_seen_at = fields.String(metadata=_TIME)
    expires_at = fields.String(metadata=_TIME)


class AdminSessions(Shape):
    """The open sessions that an account holds, and those that act as it."""

    items = fields.List(fields.Nested(AdminSession))


class Actor(Shape):
    """Who did it; `via` is the service that named its operator."""

    kind = fields.String(metadata={"enum": ["person", "operator", "system"]})
    name = fields.String()
    via = fields.String(allow_none=True)


class AuditRow(Shape):
    """A row of the audit log."""

    id = fields.Integer()
    at = fields.String(metadata=_TIME)
    action = fields.String()
    result = fields.String(metadata={"enum": ["done", "refused"]})
    actor = fields.Nested(Actor)
    account_id = fields.String(allow_none=True)
    link_account_id = fields.String(allow_none=True)
    address = fields.String()
    request_id = fields.String()
    reason = fields.String(allow_none=True)
    detail = fields.Dict()
    sealed = fields.Boolean()


class AuditRows(Shape):
    """A page of the audit log, newest first; `next` is the `before` of the page after it, null on the last."""

    items = fields.List(fields.Nested(AuditRow))
    next = fields.Integer(allow_none=True)


class EndedSessions(Shape):
    """How many sessions ended."""

    ended = fields.Integer()
