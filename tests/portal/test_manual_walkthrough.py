"""All steps of the manual in one test, by mouse and by keyboard, with the mails received."""

import pytest

from tests.portal.manual_walkthrough import ManualWalkthrough
from tests.support.actors.people import TAX_IDS
from tests.support.browser.keyboard_tab import KeyboardTab
from tests.support.browser.tab import Tab
from tests.support.harness.system import System

_COMPANIES = ("王小花的有限公司", "測試三號有限公司")


def _walk(portal: System, tab: Tab) -> None:
    first, second = (
        portal.person(company={"name": name, "tax_id": tax_id})
        for name, tax_id in zip(_COMPANIES, TAX_IDS[1:], strict=True)
    )
    walk = ManualWalkthrough(portal, tab)

    walk.apply_for_link_account()
    walk.verify_mailbox()
    walk.log_in_first()
    walk.bind(first)
    walk.bind(second)
    walk.switch_and_return(first, _COMPANIES[0])
    walk.switch_and_return(second, _COMPANIES[1])
    walk.log_out()
    walk.log_in()
    walk.unbind(first)
    walk.unbind_own_account(second)
    walk.dismiss_removed_binding(second)
    mailbox = walk.change_profile()
    walk.verify_new_mailbox(mailbox)
    walk.expect_new_data(mailbox)


@pytest.mark.rule(
    "REG-1",
    "REG-12",
    "VER-1",
    "VER-3",
    "LOGIN-3",
    "LOGIN-4",
    "LOGIN-5",
    "LOGIN-6",
    "BIND-1",
    "BIND-2",
    "BIND-5",
)
@pytest.mark.rule("BIND-6", "SW-1", "SW-3", "UNB-1", "UNB-2", "UNB-3", "UNB-4", "PRO-1", "PRO-2")
def test_the_manual_can_be_walked_by_mouse(portal: System, tab: Tab) -> None:
    _walk(portal, tab)


@pytest.mark.rule("LOGIN-3")
def test_the_manual_can_be_walked_by_keyboard_alone(portal: System, keyboard_tab: KeyboardTab) -> None:
    _walk(portal, keyboard_tab)
