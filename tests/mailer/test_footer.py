"""The footer of mails: the agency's contact, the official address, and a warning about phishing (OPS-8)."""

import pytest
from port_runtime.settings import load

from mailer.bootstrap import build_renderer
from mailer.domain.mail_kinds import MAILS
from mailer.settings import TemplateSettings
from mailer.usecases.delivery_ports import Rendered
from tests.mailer.harness import PUBLIC_URL
from tests.mailer.html_to_text import squeezed, visible
from tests.support.harness.settings import CONTACT
from tests.support.servers.format_flowed import unflowed


def rendered(name: str, **environ: str) -> Rendered:
    renderer = build_renderer(load(TemplateSettings, {"IDENTITY_PUBLIC_URL": PUBLIC_URL, **environ}))
    return renderer.render(MAILS[name], next(renderer.samples(MAILS[name])))


def bodies(name: str, **environ: str) -> list[str]:
    """Return the visible text of both bodies of a mail."""
    mail = rendered(name, **environ)
    return [squeezed(unflowed(mail.text)), squeezed(visible(mail.html))]


@pytest.mark.rule("OPS-8")
@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_mail_has_the_agencys_contact_and_statements(name: str) -> None:
    mail = rendered(name, **CONTACT)

    for body in (unflowed(mail.text), mail.html):
        assert [value for value in CONTACT.values() if value not in body] == []


@pytest.mark.rule("OPS-8")
@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_mail_warns_about_phishing_and_names_the_official_address(name: str) -> None:
    for body in bodies(name):
        assert f"本單位不會索取您的密碼;登入前,請確認是本系統的正式網址:{PUBLIC_URL}/" in body


@pytest.mark.rule("OPS-8")
def test_an_unset_contact_is_not_shown() -> None:
    for body in bodies("approved"):
        assert [word for word in ("電話", "服務時間", "隱私權政策", "無障礙聲明") if word in body] == []
        assert "請洽系統管理單位" in body


@pytest.mark.rule("OPS-8")
def test_a_mail_refers_people_to_the_agency_by_name() -> None:
    for body in bodies("approved", **CONTACT):
        assert "請洽臺灣港務股份有限公司" in body
