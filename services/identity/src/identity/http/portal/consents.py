"""The consent texts (LOGIN-3; manual, steps 19 and 20).

With scripts, all texts are on one page. Without scripts, each text has its own page, whose button sends a GET request
for the next text with the list of texts read so far. Only the last button sends the acceptance, which is stored.
"""

import re

from flask import Blueprint, Response, request

from identity.domain.consent_texts import Text
from identity.domain.errors import ConsentOutdated, NotFound
from identity.http import problems
from identity.http.client_info import client_info
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import landing_url, redirect_to_url
from identity.http.session_auth import current_principal, forget_principal, require_step
from identity.http.web_context import ports
from identity.http.zh_tw import portal as words
from identity.usecases import consents

blueprint = Blueprint("consents", __name__)

_HEADING = re.compile(words.CONSENT_HEADING)
_PAIR = "="
"""The separator of document and version in form values."""


@blueprint.get("/consents")
def show() -> Response:
    """Show all texts. The script requires each to be read to its end."""
    require_step("consent")
    return _show()


def _show(refusal: ConsentOutdated | None = None) -> Response:
    error = problems.sentence(refusal) if refusal else ""
    texts = ports().rules.consents.texts
    return render_page("consents.html", refusal=refusal, texts=texts, pair=_pair, error=error)


@blueprint.post("/consents")
@redisplay_with(show)
def accept() -> Response:
    """Accept the shown versions of all texts, and continue."""
    accepted = [_parse_pair(pair) for pair in request.form.getlist("accepted")]
    try:
        consents.accept(ports(), current_principal(), accepted, client=client_info())
    except ConsentOutdated as refusal:
        return _show(refusal)
    forget_principal()
    return redirect_to_url(landing_url(current_principal()))


@blueprint.get("/consents/<document>")
def show_one(document: str) -> Response:
    """Show one text on a separate page, for browsers without scripts."""
    require_step("consent")
    texts = ports().rules.consents.texts
    text = next((each for each in texts if each.document == document), None)
    if text is None:
        raise NotFound
    read = [each for each in texts if each is not text and _pair(each) in request.args.getlist("accepted")]
    unread = [each for each in texts if each is not text and each not in read]
    return render_page(
        "consent_text.html",
        text=text,
        pairs=[_pair(each) for each in (*read, text)],
        number=len(read) + 1,
        total=len(texts),
        following=unread[0] if unread else None,
    )


@blueprint.app_template_filter()
def paragraphs(body: str) -> list[tuple[str, str]]:
    """Return the paragraphs of a text as pairs of heading and text; the heading may be empty."""
    return [_split(paragraph) for paragraph in body.split("\n\n")]


def _split(paragraph: str) -> tuple[str, str]:
    heading, _, text = paragraph.partition("\n")
    return (heading, text) if text and _HEADING.match(heading) else ("", paragraph)


def _pair(text: Text) -> str:
    return f"{text.document}{_PAIR}{text.version}"


def _parse_pair(pair: str) -> tuple[str, str]:
    document, _, version = pair.partition(_PAIR)
    return document, version
