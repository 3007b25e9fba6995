"""The schemas that document what the API answers; `answers.py` makes it."""

from typing import Any, Self

from marshmallow import Schema, fields


class Shape(Schema):
    """What an answer looks like. It never changes, so nobody needs a copy of it.

    flask-smorest copies all that a view's documentation says with each word that is added to it.
    """

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


class CompanyShown(Shape):
    """A company as a session shows it."""

    tax_id = fields.String()
    name = fields.String()


class PersonaShown(Shape):
    """An account as a session shows it."""

    id = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    username = fields.String()
    name = fields.String()
    status = fields.String()
    company = fields.Nested(CompanyShown)


class ActorShown(Shape):
    """The link account that acts."""

    username = fields.String()
    name = fields.String()


class MailShown(Shape):
    """What became of the verification mail."""

    state = fields.String(metadata={"enum": ["waiting", "sent", "refused"]})
    at = fields.String(metadata={"format": "date-time"})
    category = fields.String(allow_none=True)


class SessionShown(Shape):
    """A session; `token` only where it was just made."""

    token = fields.String()
    expires_at = fields.String(metadata={"format": "date-time"})
    next = fields.String(
        allow_none=True, metadata={"enum": ["verify_email", "await_review", "consent", None]}
    )
    account = fields.Nested(PersonaShown)
    rights = fields.List(fields.String())
    actor = fields.Nested(ActorShown)
    verification_mail = fields.Nested(MailShown)


class OpenSession(Shape):
    """One of a person's own sessions."""

    id = fields.String()
    current = fields.Boolean()
    switched = fields.Boolean()
    address = fields.String()
    user_agent = fields.String()
    created_at = fields.String(metadata={"format": "date-time"})
    last_seen_at = fields.String(metadata={"format": "date-time"})
    expires_at = fields.String(metadata={"format": "date-time"})


class OpenSessions(Shape):
    """A person's own sessions."""

    items = fields.List(fields.Nested(OpenSession))


class BoundAccount(Shape):
    """The general account of a binding."""

    username = fields.String()
    tax_id = fields.String()
    name = fields.String(allow_none=True)
    company_name = fields.String()
    email_masked = fields.String(allow_none=True)
    company_phone = fields.String(allow_none=True)


class BindingShown(Shape):
    """A binding as its link account sees it."""

    id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified", "removed"]})
    account = fields.Nested(BoundAccount)
    requested_at = fields.String(metadata={"format": "date-time"})
    verified_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    code_expires_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    removed_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    removed_reason = fields.String(allow_none=True)


class BindingsShown(Shape):
    """A link account's list."""

    items = fields.List(fields.Nested(BindingShown))


class CompanyFull(Shape):
    """An account's own copy of its company's data."""

    tax_id = fields.String()
    phone = fields.String()
    name = fields.String()
    address = fields.String()


class AccountShown(Shape):
    """A person's own account."""

    id = fields.String()
    kind = fields.String()
    username = fields.String()
    status = fields.String()
    name = fields.String()
    mobile = fields.String()
    email = fields.String()
    pending_email = fields.String(allow_none=True)
    company = fields.Nested(CompanyFull)
    created_at = fields.String(metadata={"format": "date-time"})


class LinkShown(Shape):
    """The link account that a general account is bound to."""

    username = fields.String()
    name = fields.String()
    company_name = fields.String()


class OwnBinding(Shape):
    """A general account's own view of its binding."""

    status = fields.String(metadata={"enum": ["none", "unverified", "verified"]})
    link = fields.Nested(LinkShown)
    requested_at = fields.String(metadata={"format": "date-time"})
    verified_at = fields.String(allow_none=True, metadata={"format": "date-time"})


class RegisteredShown(Shape):
    """A new account."""

    id = fields.String()
    username = fields.String()
    kind = fields.String()
    status = fields.String()


class ConfirmedShown(Shape):
    """A mailbox proven."""

    username = fields.String()
    kind = fields.String()
    status = fields.String()
    purpose = fields.String(metadata={"enum": ["registration", "email_change"]})
    already = fields.Boolean()


class ConsentText(Shape):
    """One text in force."""

    document = fields.String()
    version = fields.String()
    title = fields.String()
    text = fields.String()
    sample = fields.Boolean()


class ConsentTexts(Shape):
    """The texts in force."""

    items = fields.List(fields.Nested(ConsentText))


class FaultShown(Shape):
    """One wrong field, by its JSON pointer."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemShown(Shape):
    """Why a request was refused (RFC 9457); `code` is stable, `detail` is for people."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultShown))
    next = fields.String()
    tries_left = fields.Integer()
    here = fields.Boolean()


class FeedItemShown(Shape):
    """A fact in the feed; `event` is a CloudEvent 1.0 as the AsyncAPI document describes it."""

    position = fields.Integer()
    event = fields.Dict()


class FeedShown(Shape):
    """Facts in order; `next` is the position to go on from, the same again where there is nothing yet."""

    items = fields.List(fields.Nested(FeedItemShown))
    next = fields.Integer()


class AccountStateShown(Shape):
    """An account that is not closed; `sequence` is that of its newest event: drop what is not beyond it."""

    id = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    username = fields.String()
    status = fields.String(metadata={"enum": ["email_unverified", "awaiting_review", "active", "suspended"]})
    tax_id = fields.String()
    company_name = fields.String()
    sequence = fields.Integer()


class BindingStateShown(Shape):
    """A live binding; its events have the general account as subject, and so its sequence."""

    id = fields.String()
    link_account_id = fields.String()
    general_account_id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified"]})
    requested_at = fields.String(metadata={"format": "date-time"})
    verified_at = fields.String(allow_none=True, metadata={"format": "date-time"})


class SnapshotShown(Shape):
    """A page; without `next` it was the last, and the feed goes on from `position`."""

    accounts = fields.List(fields.Nested(AccountStateShown))
    bindings = fields.List(fields.Nested(BindingStateShown))
    position = fields.Integer()
    next = fields.String(allow_none=True)
