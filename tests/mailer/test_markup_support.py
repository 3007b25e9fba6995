"""Mails need no markup that common mail readers lack, according to caniemail (MAIL-1)."""

import pytest

from tests.mailer.sample_messages import all_mails, read_by_node

# Features that a mail reader may lack, and why that does no harm.
HARMLESS = {
    "<body> element": "the reader shows the mail inside its own page; the outer table has the same colour",
    "<style> element": "only dark mode needs this feature",
    "@media": "the reader shows the light colours, or its own dark colours",
    "color-scheme CSS property": "the same",
    "color-scheme meta tag": "the same",
    "border-radius": "buttons have square corners",
    "display:none": "one web page of Gmail shows the preheader",
    "max-height property": "Outlook hides the preheader with `display:none` and `mso-hide`",
    "overflow": "the same",
    "role attribute": "screen readers announce the tables, in the order of the text",
    "word-break": "readers without `word-break` (Yahoo) break long addresses at `<wbr>`",
    "<wbr> element": "readers without `<wbr>` (Outlook, Gmail on iOS) have `word-break`",
}
# Properties that Outlook supports only on some elements, with the elements that use them. The button `a` is in a cell
# with `mso-padding-alt`, and lists have padding 0.
OUTLOOK = {"padding": {"td", "a", "ol"}, "max-width": {"table"}, "border": {"td"}, "width property": set()}


@pytest.mark.rule("MAIL-1")
def test_no_mail_needs_a_feature_that_a_common_mail_reader_lacks() -> None:
    issues = {
        (each["title"], each["client"])
        for read in read_by_node()
        for each in read["markup"]
        if each["support"] == "none" and each["title"] not in HARMLESS
    }

    assert issues == set()


@pytest.mark.rule("MAIL-1")
def test_outlook_gets_padding_widths_and_borders_where_it_supports_them() -> None:
    issues = [
        each for read in read_by_node() for each in read["markup"] if each["client"] == "outlook.windows"
    ]

    elements = {title: {each["element"] for each in issues if each["title"] == title} for title in OUTLOOK}
    assert elements == OUTLOOK


@pytest.mark.rule("MAIL-1")
def test_each_button_has_padding_for_outlook() -> None:
    for sent in all_mails():
        assert sent.mail.html.count("mso-padding-alt") == sent.mail.html.count('class="button"'), sent.name
