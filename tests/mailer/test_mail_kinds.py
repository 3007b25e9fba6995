"""Every event has a mail or a reason for none, and every mail is complete."""

from collections.abc import Mapping

import pytest
from port_events.catalogue import CATALOGUE, MAIL_REQUEST, VerificationRequested

from mailer.adapters.mail_texts import BUILT_IN, samples
from mailer.adapters.renderer import FILES
from mailer.domain.errors import UnreadableError
from mailer.domain.mail_kinds import (
    EVENTS,
    MAILS,
    MailKind,
    NoMail,
    has_no_mail,
    mail_kind_for,
)
from tests.mailer.harness import PUBLIC_URL


@pytest.mark.rule("EVT-1")
def test_every_event_of_the_catalogue_has_a_mail_or_a_reason_for_none() -> None:
    events_without_mail = [choice for choice in EVENTS.values() if isinstance(choice, NoMail)]

    assert EVENTS.keys() == CATALOGUE.keys()
    assert all(each.reason for each in events_without_mail)


def test_every_mail_request_has_a_mail() -> None:
    requests = [line.type for line in CATALOGUE.values() if line.family == MAIL_REQUEST]

    assert requests
    assert not any(has_no_mail(each) for each in requests)


def test_every_mail_is_used_by_an_event() -> None:
    used: set[str] = set()
    for choice in EVENTS.values():
        if isinstance(choice, Mapping):
            used |= {each.name for each in choice.values()}
        elif isinstance(choice, MailKind):
            used.add(choice.name)

    assert used == MAILS.keys()


@pytest.mark.rule("MAIL-1")
def test_every_mail_has_three_files_and_every_file_belongs_to_a_mail() -> None:
    expected = {f"{name}/{file}" for name in MAILS for file in FILES}

    found = {path.relative_to(BUILT_IN).as_posix() for path in BUILT_IN.rglob("*.*")}

    assert {name for name in found if not name.startswith("_base/")} == {*expected, "texts.toml"}


def test_samples_have_the_content_that_the_mail_needs() -> None:
    for kind in MAILS.values():
        for sample in samples(kind.name, PUBLIC_URL):
            assert set(kind.content) <= sample.content.keys() <= {*kind.content, *kind.optional}, kind.name


@pytest.mark.rule("VER-1")
def test_the_kind_of_account_decides_the_registration_mail() -> None:
    chosen = [mail_kind_for(VerificationRequested.type, {"kind": kind}).name for kind in ("general", "link")]

    assert chosen == ["registration_general", "registration_link"]


@pytest.mark.parametrize("data", [{}, {"kind": "other"}, {"kind": None}])
def test_a_request_with_an_unknown_kind_of_account_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(UnreadableError):
        mail_kind_for(VerificationRequested.type, data)


def test_an_event_that_the_catalogue_does_not_list_has_no_mail() -> None:
    assert has_no_mail("tw.port.identity.account.renamed")
