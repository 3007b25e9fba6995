"""For other services: the feed of all facts, and the state to begin from (EVT-6)."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response
from marshmallow import fields
from marshmallow.validate import Length, Range

from identity.domain.errors import FieldError, InvalidInput
from identity.domain.service_client import ServiceClient
from identity.http.api.answers import format_time
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import documents_errors, query
from identity.http.api.fields import Input
from identity.http.api.response_schemas import FeedShown, SnapshotShown
from identity.http.context import ports
from identity.http.service_auth import require_service
from identity.usecases import feed
from identity.usecases.feed import Bookmark
from identity.usecases.ports.feed import AccountState, BindingState

blueprint = ApiBlueprint(
    "feed", __name__, description="Facts and state, for services with the right `events:read`"
)

View = TypeVar("View", bound=Callable[..., Any])
_MAX_LIMIT = 1000
_MAX_POSITION = 10**18 - 1
_MAX_CURSOR_CHARACTERS = 200
_ACCOUNT_ID = re.compile("[0-9a-f-]{1,36}")


class FeedQuery(Input):
    """Where to go on, and how much at once."""

    after = fields.Integer(load_default=0, validate=Range(0, _MAX_POSITION))
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))


class SnapshotQuery(Input):
    """Where the page before said to go on, and how much at once."""

    after = fields.String(load_default="", validate=Length(max=_MAX_CURSOR_CHARACTERS))
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))


def _reader() -> ServiceClient:
    return require_service("events:read")


def _for_services(view: View) -> View:
    documented: View = blueprint.doc(security=[{"service": []}, {"bearer": []}])(view)
    return documented


@blueprint.get("/events")
@_for_services
@query(blueprint, FeedQuery, guard=_reader)
@documents_errors(blueprint, 401, 403, 410, 422, 429)
@blueprint.alt_response(200, schema=FeedShown)
def events(given: dict[str, Any]) -> Response:
    """Return facts in the order of their positions, without a gap; 410 where what follows was dropped."""
    page = feed.read(ports(), after=given["after"], limit=given["limit"])
    # What stands in the table is a CloudEvent in JSON already.
    items = ",".join(f'{{"position":{fact.position},"event":{fact.ce}}}' for fact in page.events)
    return Response(f'{{"items":[{items}],"next":{page.next}}}\n', content_type="application/json")


@blueprint.get("/snapshot")
@_for_services
@query(blueprint, SnapshotQuery, guard=_reader)
@documents_errors(blueprint, 401, 403, 422, 429)
@blueprint.response(200, SnapshotShown)
def snapshot(given: dict[str, Any]) -> dict[str, Any]:
    """Return a page of accounts with their live bindings; behind the last page the feed goes on at `position`."""
    page = feed.snapshot(ports(), _read_cursor(given["after"]), limit=given["limit"])
    return {
        "accounts": [_account(each) for each in page.accounts],
        "bindings": [_binding(each) for each in page.bindings],
        "position": page.position,
        "next": _cursor(page.next) if page.next else None,
    }


def _account(account: AccountState) -> dict[str, Any]:
    return {name: getattr(account, name) for name in AccountState.__slots__}


def _binding(binding: BindingState) -> dict[str, Any]:
    return {
        "id": binding.id,
        "link_account_id": binding.link_account_id,
        "general_account_id": binding.general_account_id,
        "status": binding.status,
        "requested_at": format_time(binding.requested_at),
        "verified_at": format_time(binding.verified_at),
    }


def _cursor(bookmark: Bookmark) -> str:
    text = json.dumps([bookmark.position, bookmark.account_id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(text: str) -> Bookmark | None:
    """Read what an earlier page gave. Raises InvalidInput for anything else; it holds nothing worth signing."""
    if not text:
        return None
    try:
        position, account_id = json.loads(base64.b64decode(text, altchars="-_", validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        position, account_id = None, None
    known = type(position) is int and type(account_id) is str and _ACCOUNT_ID.fullmatch(account_id)
    if not known or not 0 <= position <= _MAX_POSITION:
        raise InvalidInput([FieldError("/after", "invalid", "分頁位置不正確")])
    return Bookmark(position, account_id)
