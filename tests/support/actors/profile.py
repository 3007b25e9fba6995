"""What a person does to the own data, with the entity tag that a save needs."""

from typing import Any

import httpx

from tests.support.actors.people import Person, Visitor, unique


def etag(visitor: Visitor) -> str:
    """Return the tag of the data as they are now."""
    return visitor.get("/account").headers["ETag"]


def save(visitor: Visitor, changes: dict[str, Any], *, tag: str | None = None) -> httpx.Response:
    """Save changes to the data as they are now, or as they were at `tag`."""
    return visitor.patch("/account", changes, **{"If-Match": tag or etag(visitor)})


def request_email_change(visitor: Visitor, person: Person) -> str:
    """Ask for a change of mailbox; return the new one."""
    email = f"new{unique()}@example.com"
    answer = save(visitor, {"email": email, "current_password": person.password})
    assert answer.status_code == 200, answer.text
    return email
