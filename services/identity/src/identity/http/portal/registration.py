"""Registration pages: the choice of the account kind, the form and the result (REG; manual, steps 2 to 15)."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, session

from identity.domain.account import REPEAT_WINDOW, Kind, Registration
from identity.domain.company import Company, parse_company_name
from identity.domain.errors import Busy, Refusal, TooManyRequests, UsernameTaken
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.mailbox_typos import likely_mailbox
from identity.domain.password_policy import normalized
from identity.domain.phone import parse_mobile, parse_phone
from identity.domain.postal_address import parse_postal_address
from identity.domain.username import parse_username
from identity.http.client_info import client_info
from identity.http.field_errors import parse_tax_id, personal_terms
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.forms import SecretField, TextField
from identity.http.portal.layout.new_password_form import FormWithNewPassword
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.session_auth import optional_principal
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.http.zh_tw import portal as texts
from identity.usecases import registration

blueprint = Blueprint("registration", __name__)

_KIND = "<any(general, link):kind>"
_SENT = "application"
"""The key of the last registration in the form session."""


class RegistrationForm(FormWithNewPassword):
    """The account's fields, then the company's, in the manual's order (steps 3 to 12; REG-2 to REG-8, REG-10)."""

    username = TextField(labels.USERNAME, parse_username, refusals=(UsernameTaken,), autocomplete="username")
    name = TextField(labels.NAME, parse_full_name, autocomplete="name")
    mobile = TextField(labels.MOBILE, parse_mobile, input="tel", autocomplete="tel", inputmode="tel")
    email = TextField(
        labels.EMAIL, parse_mailbox, suggest=likely_mailbox, autocomplete="email", inputmode="email"
    )
    password = SecretField(labels.PASSWORD, autocomplete="new-password")
    password_again = SecretField(labels.PASSWORD_AGAIN, autocomplete="new-password")
    tax_id = TextField(labels.TAX_ID, parse_tax_id, autocomplete="off")
    company_phone = TextField(
        labels.COMPANY_PHONE, parse_phone, input="tel", autocomplete="work tel", inputmode="tel"
    )
    company_name = TextField(labels.COMPANY_NAME, parse_company_name, autocomplete="organization")
    company_address = TextField(labels.COMPANY_ADDRESS, parse_postal_address, autocomplete="street-address")

    def __init__(self, formdata: Any = None, **options: Any) -> None:
        super().__init__(formdata, **options)
        if formdata:
            self._explain_empty_passwords()
        self.account_part = list(self)[:6]
        self.company_part = list(self)[6:]

    @property
    def personal_terms(self) -> Sequence[str]:
        return personal_terms(self._parsed_values())

    def _parsed_values(self) -> dict[str, str]:
        return {field.name: field.parsed for field in self if isinstance(field, TextField)}

    def registration(self, kind: Kind) -> Registration:
        values = self._parsed_values()
        company = Company(
            tax_id=values["tax_id"],
            phone=values["company_phone"],
            name=values["company_name"],
            address=values["company_address"],
        )
        person_values = {name: values[name] for name in ("username", "name", "mobile", "email")}
        return Registration(kind=kind, company=company, **person_values)

    def _explain_empty_passwords(self) -> None:
        """Explain why the password fields are empty although all other values are shown again."""
        for field in (self.password, self.password_again):
            field.hint = labels.TYPE_PASSWORD_AGAIN.format(hint=field.hint)


@blueprint.get("/apply")
def choose() -> Response:
    """Show both kinds of accounts to choose from (REG-1)."""
    optional_principal()
    return render_page("registration_choose.html")


def _show(kind: Kind, form: RegistrationForm, refusal: Refusal | None = None) -> Response:
    optional_principal()
    error = form.add_refusal(refusal)
    return render_page(
        "registration_form.html",
        refusal=refusal,
        kind=kind,
        texts=texts.KINDS[kind],
        form=form,
        error=error,
    )


@blueprint.get(f"/apply/{_KIND}")
def show(kind: Kind) -> Response:
    return _show(kind, RegistrationForm.from_request())


@blueprint.post(f"/apply/{_KIND}")
@redisplay_with(show)
def send(kind: Kind) -> Response:
    """Register. A repeated registration has the same response and changes nothing (REG-12, REG-13)."""
    form = RegistrationForm.from_request()
    if not form.validate():
        _add_username_taken(form)
        return _show(kind, form)
    try:
        registration.register(
            ports(),
            form.registration(kind),
            password=normalized(form.password.data or ""),
            client=client_info(),
        )
    except (UsernameTaken, TooManyRequests, Busy) as refusal:
        return _show(kind, form, refusal)
    until = ports().clock.now() + REPEAT_WINDOW
    session[_SENT] = {"kind": kind, "email": (form.email.data or "").strip(), "until": until.timestamp()}
    flash_message(texts.REGISTERED.format(kind=texts.KINDS[kind].name))
    return redirect_to("portal.registration.sent", kind=kind)


@blueprint.post(f"/apply/{_KIND}/check")
def check(kind: Kind) -> Response:  # noqa: ARG001 - both kinds have the same rules
    """Return the form's errors to the script, and whether the username is taken (REG-3, REG-11).

    Above the rate limit of the client address, a taken username is reported only when a valid form is sent.
    """
    form = RegistrationForm.from_request()
    form.validate()
    _add_username_taken(form)
    return form.errors_response()


def _add_username_taken(form: RegistrationForm) -> None:
    if not form.username.errors and registration.is_taken(
        ports(), form.username.parsed, client=client_info()
    ):
        form.add_refusal(UsernameTaken())


@blueprint.get(f"/apply/{_KIND}/sent")
def sent(kind: Kind) -> Response:
    """Show the mailbox and the next steps, only for ten minutes and only to the browser that registered (REG-12)."""
    done = session.get(_SENT)
    if not done or done["kind"] != kind or done["until"] < ports().clock.now().timestamp():
        return redirect_to("portal.registration.choose")
    optional_principal()
    return render_page(
        "registration_sent.html",
        kind=kind,
        texts=texts.KINDS[kind],
        email=done["email"],
        reviewed=kind in ports().rules.reviewed_kinds,
    )
