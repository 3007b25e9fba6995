"""The manual's steps for a link account, through the API."""

import pytest

from tests.support.actors.people import TAX_IDS
from tests.support.harness.system import System


@pytest.mark.rule(
    "LOGIN-3", "LOGIN-4", "BIND-1", "BIND-2", "BIND-5", "BIND-6", "SW-1", "SW-3", "UNB-1", "UNB-2"
)
def test_a_link_account_binds_two_companies_switches_between_them_and_unbinds_them(system: System) -> None:
    first, second = system.person(), system.person(company={"tax_id": TAX_IDS[1]})
    link = system.logged_in(system.person("link"))

    one, two = system.bind_and_verify(link, first), system.bind_and_verify(link, second)
    switched = link.switch(one)
    back = link.switch_back()
    again = link.switch(two)
    link.switch_back()
    unbound = link.delete(f"/bindings/{one}")
    other_side = system.logged_in(second).delete("/account/binding")

    assert [row["status"] for row in link.get("/bindings").json()["items"]] == ["removed"]
    assert switched.json()["account"]["username"] == first.username
    assert switched.json()["rights"] == ["pass:apply", "pass:query", "pass:print"]
    assert back.json()["rights"] == []
    assert again.json()["account"]["username"] == second.username
    assert (unbound.status_code, other_side.status_code) == (204, 204)
