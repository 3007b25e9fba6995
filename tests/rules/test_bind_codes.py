"""The six-digit bind code: its mail, its lifetime and its tries (BIND-5 to BIND-7, SEC-5)."""

import re

import pytest

from tests.support.actors.people import Visitor
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

CODE_MAIL = "鏈結帳號綁定驗證碼通知"


def give(link: Visitor, binding: str, code: str) -> tuple[int, str]:
    answer = link.post(f"/bindings/{binding}/verify", {"code": code})
    return answer.status_code, answer.json().get("code", answer.json().get("status"))


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.rule("BIND-2", "BIND-5", "BIND-6")
def test_the_mailed_code_verifies_the_binding(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)

    verified = give(link, binding, system.mail(general.email, CODE_MAIL).code)

    (row,) = link.get("/bindings").json()["items"]
    assert verified == (200, "verified")
    assert (row["status"], row["code_expires_at"]) == ("verified", None)


@pytest.mark.rule("BIND-7", "BIND-2")
def test_the_mail_names_requester_code_lifetime_and_next_step(system: System) -> None:
    asker = system.person("link", name="陳港生", company={"name": "海運股份有限公司"})
    general = system.person(name="王小花")
    system.bind(system.logged_in(asker), general)

    mail = system.mail(general.email, CODE_MAIL)

    assert mail.subject == CODE_MAIL
    for body in (mail.text, mail.html):
        for part in (asker.username, "陳港生", "海運股份有限公司", mail.code, "王小花", "24小時", "如果您不"):
            assert normalize(part) in normalize(body)


@pytest.mark.rule("BIND-7", "SEC-5")
def test_the_code_appears_only_in_the_mail(
    system: System, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    made = link.post("/bindings", {"username": general.username, "password": general.password})

    code = system.mail(general.email, CODE_MAIL).code
    answer = link.post(f"/bindings/{made.json()['id']}/verify", {"code": other_than(code)})

    tables = [str(system.rows(f"SELECT * FROM {table}")) for table in ("bind_codes", "bindings", "counters")]
    plain = [row.ce for row in system.rows("SELECT ce FROM outbox")]
    logs = [caplog.text, *capfd.readouterr()]
    everything = "\n".join([*tables, *plain, *logs, made.text, answer.text, system.raw_stream()])
    assert re.findall(rf"(?<![0-9a-f]){code}(?![0-9a-f])", everything) == []


@pytest.mark.rule("BIND-6", "SEC-5")
def test_a_code_allows_five_tries_and_each_answer_counts_down(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    code = system.mail(general.email, CODE_MAIL).code

    tries = [link.post(f"/bindings/{binding}/verify", {"code": other_than(code)}).json() for _ in range(5)]
    right_too_late = give(link, binding, code)

    assert [(answer["code"], answer["tries_left"]) for answer in tries] == [
        ("code_wrong", left) for left in (4, 3, 2, 1, 0)
    ]
    assert right_too_late == (410, "code_spent")


@pytest.mark.rule("BIND-6", "SEC-5")
def test_the_fifth_try_may_succeed(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    code = system.mail(general.email, CODE_MAIL).code
    for _ in range(4):
        give(link, binding, other_than(code))

    assert give(link, binding, code) == (200, "verified")


@pytest.mark.rule("BIND-6", "BIND-5")
def test_a_malformed_code_is_refused_without_counting(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    code = system.mail(general.email, CODE_MAIL).code

    refused = [give(link, binding, text) for text in ("12345", "1234567", "abcdef", "", "12345x", "-12345")]
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

    assert refused == [(422, "invalid_input")] * 6
    assert give(link, binding, f" {full_width[:3]} {full_width[3:]} ") == (200, "verified")


@pytest.mark.rule("BIND-6")
def test_a_code_is_valid_for_24_hours(system: System) -> None:
    link_person, general = system.person("link"), system.person()
    binding = system.bind(system.logged_in(link_person), general)
    code = system.mail(general.email, CODE_MAIL).code

    system.clock.advance(hours=23, minutes=59, seconds=59)
    link = system.logged_in(link_person)
    in_time = give(link, binding, other_than(code))
    system.clock.advance(seconds=1)
    too_late = give(link, binding, code)

    assert (in_time, too_late) == ((400, "code_wrong"), (410, "code_expired"))


@pytest.mark.rule("BIND-6", "SEC-5")
def test_a_new_code_voids_the_old_code_and_allows_five_tries_again(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    old = system.mail(general.email, CODE_MAIL).code
    for _ in range(5):
        give(link, binding, other_than(old))
    system.clock.advance(seconds=60)

    status = link.post(f"/bindings/{binding}/code").status_code
    new = system.mail(general.email, CODE_MAIL, count=2).code
    answers = [give(link, binding, old if old != new else other_than(new)), give(link, binding, new)]

    assert status == 202
    assert answers == [(400, "code_wrong"), (200, "verified")]


@pytest.mark.rule("BIND-6")
def test_verifying_again_succeeds_and_a_verified_binding_gets_no_code(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind_and_verify(link, general)
    system.clock.advance(minutes=5)

    again, resent = give(link, binding, "000000"), link.post(f"/bindings/{binding}/code")

    assert again == (200, "verified")
    assert (resent.status_code, resent.json()["code"]) == (409, "already_bound")
    assert system.event_types(general.id).count("binding.verified") == 1


@pytest.mark.rule("BIND-6", "SEC-5")
def test_a_code_survives_a_key_rotation(start_system: StartSystem) -> None:
    old, new = "an-older-signing-key-of-thirty-two-characters", "a-newer-signing-key-of-thirty-two-characters"
    before, after = (start_system(IDENTITY_SECRET_KEYS=keys) for keys in (old, f"{new},{old}"))
    link, general = before.logged_in(before.person("link")), before.person()
    binding = before.bind(link, general)
    code = before.mail(general.email, CODE_MAIL).code
    visitor = after.visitor()
    visitor.token = link.token

    assert give(visitor, binding, code) == (200, "verified")
