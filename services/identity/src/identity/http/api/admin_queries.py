"""What lists of the admin API are asked by: bounded, and each value read by the domain's own rule."""

from datetime import UTC, datetime

from marshmallow import fields
from marshmallow.validate import Range

from identity.domain import person
from identity.domain.audit import ACTIONS, parse_operator
from identity.domain.errors import InvalidValue
from identity.http.api.fields import Input, Text
from identity.http.applications import parse_tax_id

_MAX_LIMIT = 200
_MAX_ROW_ID = 2**53 - 1
_STATUSES = ("email_unverified", "awaiting_review", "active", "suspended", "closed")
_MIN_PART_CHARACTERS = 2
_TIMES = Range(datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))


def _one_of(*words: str) -> Text:
    def parse(raw: str) -> str:
        if raw not in words:
            raise InvalidValue("unknown_value", allowed="、".join(words))
        return raw

    return Text(parse, metadata={"enum": list(words)})


def _part(raw: str) -> str:
    """Return a part of a name: one letter would fit nearly everything."""
    part = raw.strip()
    if len(part) < _MIN_PART_CHARACTERS:
        raise InvalidValue("too_short", min=_MIN_PART_CHARACTERS)
    return part


class PageQuery(Input):
    """A page that goes on before a row."""

    before = fields.Integer(validate=Range(1, _MAX_ROW_ID))
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))


class AuditQuery(PageQuery):
    """Rows of the audit log: each condition that is given must fit."""

    account = Text(metadata={"description": "an account's id, or the name of an open one"})
    operator = Text(parse_operator)
    action = _one_of(*ACTIONS)
    since = fields.AwareDateTime(format="iso", validate=_TIMES)


class AccountQuery(Input):
    """Accounts: each condition that is given must fit. Names of people and companies by any part of them."""

    name = Text(_part)
    mailbox = Text(person.parse_email)
    tax_id = Text(parse_tax_id)
    company = Text(_part)
    status = _one_of(*_STATUSES)
    kind = _one_of("general", "link")
    after = Text(metadata={"description": "the id of the last account of the page before"})
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))
