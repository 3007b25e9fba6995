"""What a person must do after a login before anything else (VER-5, REV-1, LOGIN-3)."""

from typing import Literal

from identity.domain.account import Status

Step = Literal["verify_email", "await_review", "consent"]


def next_step(status: Status, *, consented: bool) -> Step | None:
    """Return the first open step of the person who logged in, or None; `consented` to the current texts."""
    if status == "email_unverified":
        return "verify_email"
    if status == "awaiting_review":
        return "await_review"
    return None if consented else "consent"
