"""個資同意使用/授權聲明/危害告知: the three texts (LOGIN-3; manual, steps 19 and 20).

With script all three stand on one page. Without, each has a page of its own: its button at the end goes on by GET
with what was read so far, since nothing is kept before the last one is accepted.
"""

from flask import Blueprint, Response, request

from identity.domain.consent import Text
from identity.domain.errors import ConsentOutdated, NotFound
from identity.http import problems
from identity.http.auth import current_principal, forget_principal, require_step
from identity.http.client_address import client_info
from identity.http.context import ports
from identity.http.portal.failures import redisplay_with
from identity.http.portal.pages import landing_url, redirect_to_url, render_page
from identity.usecases import login

blueprint = Blueprint("consents", __name__)

_PAIR = "="
"""Between a text's name and its version, as forms send them."""


@blueprint.get("/consents")
def show() -> Response:
    """Show the three texts, each to be read to its end."""
    require_step("consent")
    return _texts()


def _texts(*, fault: str = "", status: int = 200) -> Response:
    return render_page(
        "consents.html", status=status, texts=ports().rules.consents.texts, pair=_pair, fault=fault
    )


@blueprint.post("/consents")
@redisplay_with(show)
def accept() -> Response:
    """Keep that all were accepted, each in the version that was shown, and go on."""
    accepted = [_read(pair) for pair in request.form.getlist("accepted")]
    try:
        login.accept_consents(ports(), current_principal(), accepted, client=client_info())
    except ConsentOutdated as refusal:
        status = problems.PROBLEMS[type(refusal)].status
        return _texts(fault=problems.sentence(refusal), status=status)
    forget_principal()
    return redirect_to_url(landing_url(current_principal()))


@blueprint.get("/consents/<document>")
def show_one(document: str) -> Response:
    """Show one text on a page of its own, for browsers without script."""
    require_step("consent")
    texts = ports().rules.consents.texts
    text = next((each for each in texts if each.document == document), None)
    if text is None:
        raise NotFound
    read = [each for each in texts if each is not text and _pair(each) in request.args.getlist("accepted")]
    left = [each for each in texts if each is not text and each not in read]
    return render_page(
        "consent.html",
        text=text,
        pairs=[_pair(each) for each in (*read, text)],
        place=len(read) + 1,
        total=len(texts),
        following=left[0] if left else None,
    )


def _pair(text: Text) -> str:
    return f"{text.document}{_PAIR}{text.version}"


def _read(pair: str) -> tuple[str, str]:
    document, _, version = pair.partition(_PAIR)
    return document, version
