"""Changes of profile data, and concurrent saves (PRO-1, PRO-5)."""

from functools import partial

import pytest

from tests.support.actors.people import registration
from tests.support.actors.profile_changes import etag, save
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

AT_ONCE = 8


@pytest.mark.rule("PRO-1")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_name_mobile_and_company_phone_can_be_changed(system: System, kind: str) -> None:
    person = system.person(kind)
    visitor = system.logged_in(person)
    before = visitor.get("/account").json()

    saved = save(visitor, {"name": "錢小明", "mobile": "0987-654-321", "company": {"phone": "07-12345678#9"}})

    expected = {
        **before,
        "name": "錢小明",
        "mobile": "0987654321",
        "company": {**before["company"], "phone": "07-12345678#9"},
    }
    assert (saved.status_code, saved.json()) == (200, expected)
    assert visitor.get("/account").json() == expected
    assert visitor.get("/session").json()["account"]["name"] == "錢小明"
    assert system.events(person.id)[-1].data == {"fields": ["company_phone", "mobile", "name"]}


@pytest.mark.rule("PRO-1")
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"username": "another1234"}, "/username"),
        ({"kind": "link"}, "/kind"),
        ({"status": "active"}, "/status"),
        ({"company": {"tax_id": "62140097"}}, "/company/tax_id"),
        ({"company": {"name": "另一公司"}}, "/company/name"),
        ({"company": {"address": "臺北市中正區仁愛路1號"}}, "/company/address"),
    ],
)
def test_an_immutable_field_is_refused_by_name(
    system: System, change: dict[str, object], pointer: str
) -> None:
    visitor = system.logged_in(system.person())
    before = visitor.get("/account").json()

    refused = save(visitor, {**change, "name": "錢小明"})

    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [
        (pointer, "unknown_field")
    ]
    assert visitor.get("/account").json() == before


@pytest.mark.rule("PRO-1", "REG-11")
def test_all_wrong_values_are_reported_at_once(system: System) -> None:
    visitor = system.logged_in(system.person())

    refused = save(visitor, {"name": "大明商行", "mobile": "1", "email": "x", "company": {"phone": "1"}})

    assert refused.status_code == 422
    assert {each["pointer"] for each in refused.json()["errors"]} == {
        "/name", "/mobile", "/email", "/company/phone",
    }  # fmt: skip


@pytest.mark.rule("PRO-1")
def test_each_account_keeps_its_own_copy_of_the_companys_phone(system: System) -> None:
    one, other = system.logged_in(system.person()), system.logged_in(system.person())

    save(one, {"company": {"phone": "07-12345678"}})

    assert other.get("/account").json()["company"]["phone"] == registration()["company"]["phone"]


@pytest.mark.rule("PRO-1", "EVT-2")
def test_saving_unchanged_data_publishes_no_event(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    tag = etag(visitor)

    saved = save(visitor, {"name": "錢大明", "mobile": "+886912345678"})

    assert (saved.status_code, saved.headers["ETag"]) == (200, tag)
    assert "account.profile_changed" not in system.event_types(person.id)


@pytest.mark.rule("PRO-5")
def test_a_save_with_a_stale_etag_is_refused(system: System) -> None:
    person = system.person()
    first, second = system.logged_in(person), system.logged_in(person)
    seen = etag(first)

    won = save(first, {"name": "錢小明"}, tag=seen)
    lost = save(second, {"mobile": "0987654321"}, tag=seen)
    again = save(second, {"mobile": "0987654321"})

    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 412, "revision_stale")
    assert again.json()["name"] == "錢小明"
    assert again.json()["mobile"] == "0987654321"


@pytest.mark.rule("PRO-5")
@pytest.mark.parametrize(
    ("tag", "status"),
    [
        (None, 428), ("made-up", 412), ('"999"', 412), ("", 412), ('"0CURRENT"', 412), ('""', 412), ('"', 412),
        ("CURRENT", 412),
        ('W/"CURRENT"', 412), ('"999", W/"CURRENT"', 412), ('"CURRENT" "CURRENT"', 412), ('"0CURRENT"x', 412),
        ('"x, "CURRENT""', 412), ('*, "CURRENT"', 412), ("**", 412),
    ],
)  # fmt: skip
def test_a_save_without_an_etag_is_refused(system: System, tag: str | None, status: int) -> None:
    visitor = system.logged_in(system.person())

    sent = {} if tag is None else {"If-Match": tag.replace("CURRENT", etag(visitor).strip('"'))}

    refused = visitor.patch("/account", {"name": "錢小明"}, **sent)

    assert refused.status_code == status
    assert visitor.get("/account").json()["name"] == "錢大明"


@pytest.mark.rule("PRO-5")
def test_a_save_with_one_matching_etag_or_the_star_is_accepted(system: System) -> None:
    visitor = system.logged_in(system.person())

    answers = [
        save(visitor, {"name": name}, tag=tag.replace('"CURRENT"', etag(visitor)))
        for name, tag in (
            ("錢一明", "*"), ("錢二明", '"999", "CURRENT"'),
            ("錢三明", '"CURRENT",W/"x,y" , ""'), ("錢四明", ', "CURRENT",,'),
        )
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [200] * 4
    assert visitor.get("/account").json()["name"] == "錢四明"


@pytest.mark.rule("PRO-5")
def test_a_read_with_the_current_etag_is_answered_without_a_body(system: System) -> None:
    visitor = system.logged_in(system.person())
    tag = etag(visitor)

    sent = {tag: 304, f"W/{tag}": 304, "*": 304, f'"999", {tag}': 304, '"999"': 200}
    answers = {each: visitor.request("GET", "/account", None, **{"If-None-Match": each}) for each in sent}

    assert {each: answer.status_code for each, answer in answers.items()} == sent
    assert {answer.headers["ETag"] for answer in answers.values()} == {tag}


@pytest.mark.rule("PRO-5")
def test_of_many_concurrent_saves_one_succeeds(start_system_on_postgresql: StartSystem) -> None:
    system = start_system_on_postgresql()
    person = system.person()
    visitors = [system.logged_in(person) for _ in range(AT_ONCE)]
    seen = etag(visitors[0])

    answers = run_concurrently(
        [
            partial(save, visitor, {"mobile": f"091234567{number}"}, tag=seen)
            for number, visitor in enumerate(visitors)
        ]
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (AT_ONCE - 1)
    assert system.event_types(person.id).count("account.profile_changed") == 1
