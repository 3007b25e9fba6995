"""The event feed, and the snapshot from which consumers start, for other services (EVT-6)."""

from typing import Any

from flask import Response
from marshmallow import fields
from marshmallow.validate import Length, Range

from identity.domain.service_client import ServiceClient
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input
from identity.http.api.paging import MAX_POSITION, page_limit, parse_snapshot_cursor, snapshot_cursor
from identity.http.api.schemas import ResponseSchema, Timestamp
from identity.http.service_auth import require_service
from identity.http.web_context import ports
from identity.usecases import feed

blueprint = Blueprint(
    "feed",
    __name__,
    description="Events and the current state, for services with the right `events:read`",
    security=[{"service": []}, {"bearer": []}],
)

_MAX_ROWS = 1000
_MAX_CURSOR_CHARACTERS = 200


class FeedQuery(Input):
    """`after` is the position of the last event that the consumer has read."""

    after = fields.Integer(load_default=0, validate=Range(0, MAX_POSITION))
    limit = page_limit(_MAX_ROWS)


class SnapshotQuery(Input):
    """`after` is the `next` of the previous page."""

    after = fields.String(load_default="", validate=Length(max=_MAX_CURSOR_CHARACTERS))
    limit = page_limit(_MAX_ROWS)


class FeedItemSchema(ResponseSchema):
    """An event in the feed; `event` is a CloudEvent 1.0, described in the AsyncAPI document."""

    position = fields.Integer()
    event = fields.Dict()


class FeedSchema(ResponseSchema):
    """Events in order; `next` is the `after` of the next request, unchanged if there are no new events."""

    items = fields.List(fields.Nested(FeedItemSchema))
    next = fields.Integer()


class SnapshotAccountSchema(ResponseSchema):
    """An account that is not closed. Consumers ignore its events up to `sequence`, the newest event's number."""

    id = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    username = fields.String()
    status = fields.String(metadata={"enum": ["email_unverified", "awaiting_review", "active", "suspended"]})
    tax_id = fields.String()
    company_name = fields.String()
    sequence = fields.Integer()


class SnapshotBindingSchema(ResponseSchema):
    """A live binding; its events have the general account as their subject, and share the account's sequence."""

    id = fields.String()
    link_account_id = fields.String()
    general_account_id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified"]})
    requested_at = Timestamp()
    verified_at = Timestamp(allow_none=True)


class SnapshotSchema(ResponseSchema):
    """A page of the snapshot. If `next` is null, it is the last page, and the feed continues after `position`."""

    inner = "page"

    accounts = fields.List(fields.Nested(SnapshotAccountSchema))
    bindings = fields.List(fields.Nested(SnapshotBindingSchema))
    position = fields.Integer()
    next = fields.String(allow_none=True)


def _require_reader() -> ServiceClient:
    return require_service("events:read")


@blueprint.get("/events")
@blueprint.arguments(FeedQuery, location="query", guard=_require_reader)
@blueprint.errors(401, 403, 410, 422, 429)
@blueprint.response(200, FeedSchema)
def events(arguments: dict[str, Any]) -> Response:
    """Return events in the order of their positions, without gaps; 410 if `after` is too old or beyond the newest."""
    page = feed.read(ports(), after=arguments["after"], limit=arguments["limit"])
    # `ce` is JSON already; parsing and dumping a thousand events would be slow.
    items = ",".join(f'{{"position":{event.position},"event":{event.ce}}}' for event in page.events)
    return Response(f'{{"items":[{items}],"next":{page.next}}}\n', content_type="application/json")


@blueprint.get("/snapshot")
@blueprint.arguments(SnapshotQuery, location="query", guard=_require_reader)
@blueprint.errors(401, 403, 422, 429)
@blueprint.response(200, SnapshotSchema)
def snapshot(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a page of accounts with their live bindings; after the last page, continue in the feed at `position`."""
    page = feed.snapshot(ports(), parse_snapshot_cursor(arguments["after"]), limit=arguments["limit"])
    return {"page": page, "next": snapshot_cursor(page.next) if page.next else None}
