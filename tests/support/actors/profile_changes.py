"""Changes of profile data, with the required entity tag."""

from typing import Any

import httpx

from tests.support.actors.people import Person, Visitor, unique


def etag(visitor: Visitor) -> str:
    return visitor.get("/account").headers["ETag"]


def save(visitor: Visitor, changes: dict[str, Any], *, tag: str | None = None) -> httpx.Response:
    """Save changes; `tag` is by default the entity tag of the current data."""
    return visitor.patch("/account", changes, **{"If-Match": tag or etag(visitor)})


def request_email_change(visitor: Visitor, person: Person) -> str:
    """Request an email change; return the new mailbox."""
    email = f"new{unique()}@example.com"
    answer = save(visitor, {"email": email, "current_password": person.password})
    assert answer.status_code == 200, answer.text
    return email


def masked(mailbox: str) -> str:
    """Return the masked form of a mailbox whose local part has five characters or more."""
    local, _, domain = mailbox.partition("@")
    return f"{local[0]}***{local[-1]}@{domain}"
