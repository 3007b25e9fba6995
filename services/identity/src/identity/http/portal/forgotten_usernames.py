"""Pages for forgotten usernames: a request for a mail that lists the usernames of a mailbox (LOGIN-9)."""

from flask import Blueprint, Response

from identity.domain.mailbox import parse_mailbox
from identity.http.client_info import client_info
from identity.http.field_errors import parse_tax_id
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.forms import Form, TextField
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.usecases import forgotten_usernames

blueprint = Blueprint("forgotten_usernames", __name__)


class MailboxForm(Form):
    email = TextField(labels.FORGOTTEN_EMAIL, parse_mailbox, autocomplete="email", inputmode="email")
    tax_id = TextField(labels.FORGOTTEN_TAX_ID, parse_tax_id, autocomplete="off", optional=True)


@blueprint.get("/username/forgotten")
def show() -> Response:
    return _show(MailboxForm.from_request())


def _show(form: MailboxForm) -> Response:
    return render_page("forgotten_usernames.html", form=form)


@blueprint.post("/username/forgotten")
@redisplay_with(show)
def request_mail() -> Response:
    """Mail the usernames; the response is the same if there are none."""
    form = MailboxForm.from_request()
    if not form.validate():
        return _show(form)
    forgotten_usernames.request(
        ports(), email=form.email.parsed, tax_id=form.tax_id.parsed or None, client=client_info()
    )
    return redirect_to("portal.forgotten_usernames.requested")


@blueprint.get("/username/forgotten/sent")
def requested() -> Response:
    """Show the next steps, which do not depend on the result."""
    return render_page("forgotten_usernames_requested.html")
