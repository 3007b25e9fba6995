"""No mail is wider than a narrow phone (MAIL-1)."""

import pytest
from playwright.sync_api import Browser

from mailer.adapters.renderer import CommonValues, TemplateRenderer
from mailer.domain.mail_catalogue import MAILS
from tests.mailer.harness import PUBLIC_URL
from tests.support.browser import screenshots

PHONE, DESK = 360, 1280


@pytest.mark.rule("MAIL-1")
def test_each_mail_fits_a_narrow_phone(chromium: Browser) -> None:
    renderer = TemplateRenderer(
        CommonValues(sender="港區通行證應用管理系統工作小組", public_url=PUBLIC_URL, can_reply=False)
    )

    for width in (PHONE, DESK):
        with chromium.new_page(viewport={"width": width, "height": 640}) as page:
            for name, kind in MAILS.items():
                for number, payload in enumerate(renderer.samples(kind)):
                    page.set_content(renderer.render(kind, payload).html)
                    screenshots.save(page, f"mail-{name}-{number}-{width}")
                    screenshots.check_width(page)
