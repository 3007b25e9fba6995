"""The markup of mails is what mail readers support, Outlook among them; caniemail has the data (MAIL-1)."""

import pytest

from tests.mailer.sample_messages import all_mails, read_by_node

# What some client lacks without harm, and why.
HARMLESS = {
    "<body> element": "it shows the mail inside a page of its own; the outer table has the same colour",
    "<style> element": "only dark mode needs it",
    "@media": "it shows the light colours, or dark ones of its own",
    "color-scheme CSS property": "the same",
    "color-scheme meta tag": "the same",
    "border-radius": "its buttons have square corners",
    "display:none": "one web page of Gmail shows the preheader",
    "max-height property": "Outlook hides the preheader by `display:none` and `mso-hide`",
    "overflow": "the same",
    "role attribute": "its screen readers name the tables, in the order of the text",
    "word-break": "Yahoo breaks long addresses at `<wbr>`, which Outlook and Gmail on iOS lack",
    "<wbr> element": "they have `word-break`",
}
# What Outlook supports on some elements only. `a` is the button, its cell has `mso-padding-alt`; a list has padding 0.
OUTLOOK = {"padding": {"td", "a", "ol"}, "max-width": {"table"}, "border": {"td"}, "width property": set()}


@pytest.mark.rule("MAIL-1")
def test_no_mail_needs_what_a_common_mail_reader_lacks() -> None:
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
