"""Logins with a wrong password."""

from tests.support.actors.people import Person, Visitor

WRONG = "Not-the-password-1"


def fail_logins(visitor: Visitor, person: Person, *, times: int) -> list[int]:
    return [visitor.log_in(person, password=WRONG).status_code for _ in range(times)]
