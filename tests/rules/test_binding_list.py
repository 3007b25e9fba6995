"""The order of a link account's list of bindings (BIND-10)."""

import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.system import System


def order(link: Visitor) -> list[tuple[str, str]]:
    items = link.get("/bindings").json()["items"]
    return [(item["account"]["username"], item["status"]) for item in items]


@pytest.mark.rule("BIND-10")
def test_unverified_and_removed_bindings_come_first_then_the_most_recently_used(system: System) -> None:
    link = system.logged_in(system.person("link"))
    used, never, latest, removed, waiting = (system.person() for _ in range(5))
    ids = {person: system.bind_and_verify(link, person) for person in (used, never, latest, removed)}
    system.bind(link, waiting)
    system.logged_in(removed).delete("/account/binding")

    for person in (used, latest):
        system.clock.advance(minutes=1)
        link.switch(ids[person])
        link.switch_back()

    assert order(link) == [
        (waiting.username, "unverified"),
        (removed.username, "removed"),
        (latest.username, "verified"),
        (used.username, "verified"),
        (never.username, "verified"),
    ]
