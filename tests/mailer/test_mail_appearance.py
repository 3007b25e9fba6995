"""Every mail fits a narrow phone, and is accessible in light and in dark colours (MAIL-1)."""

from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.mailer.sample_messages import all_mails
from tests.support.browser import screenshots

PHONE, DESK = 360, 1280  # widths in pixels
EVERY_ELEMENT = {"bind-code-0", "email-change-notice-0", "registration-link-0"}
"""Mails that together contain every element of mails. axe-core checks only these, because it takes long."""


@pytest.mark.rule("MAIL-1")
def test_each_mail_fits_a_narrow_phone(chromium: Browser) -> None:
    with chromium.new_page(viewport={"width": PHONE, "height": 640}) as page:
        for sent in all_mails():
            page.set_content(sent.mail.html)
            screenshots.check_width(page)


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_each_mail_is_accessible(chromium: Browser, colours: Literal["light", "dark"]) -> None:
    for width in (PHONE, DESK):
        with chromium.new_page(viewport={"width": width, "height": 640}, color_scheme=colours) as page:
            for sent in all_mails():
                if sent.name.endswith("-0"):
                    page.set_content(sent.mail.html)
                    screenshots.save(page, f"mail-{sent.name}-{width}-{colours}")
                if sent.name in EVERY_ELEMENT and width == PHONE:
                    screenshots.check_accessibility(page, rules=screenshots.WCAG)
