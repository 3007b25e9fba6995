"""The steps that a person must complete after a login (VER-5, REV-1, LOGIN-3)."""

from typing import Literal

from identity.domain.account import Status

Step = Literal["verify_email", "await_review", "consent"]


def next_step(status: Status, *, consented: bool) -> Step | None:
    """Return the first step that remains, or None. `consented` is true if the current texts were accepted."""
    if status == "email_unverified":
        return "verify_email"
    if status == "awaiting_review":
        return "await_review"
    return None if consented else "consent"
