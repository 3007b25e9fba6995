"""Page sizes and cursors of the lists (OPS-1, EVT-6)."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

from marshmallow import fields
from marshmallow.validate import Range

from identity.domain.account import Account
from identity.domain.errors import InvalidValue
from identity.http.api.fields import Input
from identity.http.field_errors import InvalidInput, field_error
from identity.usecases.feed import Bookmark
from identity.usecases.ports.audit import AuditRecord

MAX_POSITION = 10**18 - 1
_MAX_ROWS = 200
_MAX_ROW_ID = 2**53 - 1
_CURSOR = re.compile(rb'\[(0|[1-9][0-9]{0,17}), "([0-9a-f-]{1,36})"\]')


def page_limit(max_rows: int = _MAX_ROWS) -> fields.Integer:
    return fields.Integer(load_default=100, validate=Range(1, max_rows))


class RowsQuery(Input):
    """A page of the rows whose ids are smaller than `before`, or else of all rows, newest first."""

    before = fields.Integer(validate=Range(1, _MAX_ROW_ID))
    limit = page_limit()


def page_of(found: Sequence[Account | AuditRecord], limit: int) -> dict[str, Any]:
    """Return a page with the cursor of the next, None if it is not full. The page after a full page may be empty."""
    return {"items": found, "next": found[-1].id if len(found) == limit else None}


def snapshot_cursor(bookmark: Bookmark) -> str:
    text = json.dumps([bookmark.position, bookmark.account_id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def parse_snapshot_cursor(text: str) -> Bookmark | None:
    """Return None, for the first page, if the text is empty. Raises InvalidInput.

    A cursor is not signed, because whoever may read the snapshot may read all of it.
    """
    if not text:
        return None
    try:
        found = _CURSOR.fullmatch(base64.b64decode(text, altchars="-_", validate=True))
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput([field_error("/after", InvalidValue("invalid", "cursor"))])
    return Bookmark(int(found[1]), found[2].decode())
