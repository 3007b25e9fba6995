"""Renders mails from the built-in templates, which operators can replace one by one (MAIL-1, MAIL-6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup
from port_runtime.agency_contact import Contact
from typing_extensions import override

from mailer.adapters import mail_texts
from mailer.adapters.template_loader import TemplateLoader
from mailer.domain.errors import UnsafeMailError
from mailer.domain.flowed_text import flow_line
from mailer.domain.header_injection import reject_header_injection
from mailer.domain.mail_kinds import MAILS, MailKind
from mailer.usecases.delivery_ports import Rendered, Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from port_events.mail_payload import MailPayload

FILES: Final = ("subject.txt", "body.txt", "body.html")
NO_CONTACT: Final = Contact()
FOOTER: Final = ("_base/footer.txt", "_base/footer.html")
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


class BrokenTemplateError(Exception):
    """A template is missing, invalid, empty, or fails with the sample data. The message starts with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonValues:
    """The values that all mails share. The names of the fields are their names in templates."""

    sender: str
    public_url: str
    can_reply: bool
    contact: Contact = NO_CONTACT


class TemplateRenderer(Renderer):
    """Renders mails with Jinja. The constructor compiles all templates, and renders them with sample data."""

    def __init__(self, common: CommonValues, override_dir: Path | None = None) -> None:
        """Raise BrokenTemplateError for the first template that fails."""
        self._public_url, self._override_dir = common.public_url, override_dir
        self._loader = TemplateLoader(override_dir)
        self._environment = _environment(self._loader)
        self._add_globals(common)
        self._templates = {name: [self._template(f"{name}/{file}") for file in FILES] for name in MAILS}
        for kind in MAILS.values():
            for sample in self.samples(kind):
                self._verify(kind, sample)
        subjects = (
            (name, self._loader.fixed_text(self._environment, f"{name}/subject.txt")) for name in MAILS
        )
        self._fixed_subjects = {name: subject for name, subject in subjects if subject}

    @override
    def render(self, kind: MailKind, payload: MailPayload) -> Rendered:
        subject_template, text, html = self._templates[kind.name]
        values = _values(payload)
        values["subject"] = self._fixed_subjects.get(kind.name) or subject_template.render(values).strip()
        return Rendered(
            subject=values["subject"],
            text=self._loader.flow(text.render(values)) + "\n",
            html=html.render(values),
        )

    def render_test(self, kind: MailKind, payload: MailPayload) -> Rendered:
        """Return the mail's texts, marked as a test in the subject and at the top of both bodies."""
        mail, notice = self.render(kind, payload), mail_texts.notice_of_test()
        body = _BODY.search(mail.html)
        top = body.end() if body else 0
        return Rendered(
            subject=mail_texts.subject_of_test(mail.subject),
            text=f"{flow_line(notice)}\n\n{mail.text}",
            html=f'{mail.html[:top]}\n<p style="margin:16px">{notice}</p>{mail.html[top:]}',
        )

    def samples(self, kind: MailKind) -> Iterator[MailPayload]:
        return mail_texts.samples(kind.name, self._public_url)

    def unknown_files(self) -> list[str]:
        """Return the operator's files outside `_base/` that replace no built-in template, for example after a typo."""
        own = self._override_dir
        if own is None:
            return []
        names = (path.relative_to(own).as_posix() for path in sorted(own.rglob("*")) if path.is_file())
        known = {f"{mail}/{file}" for mail in MAILS for file in FILES}
        return [name for name in names if not name.startswith("_base/") and name not in known]

    def _add_globals(self, common: CommonValues) -> None:
        """Add the common values and the rendered footer, which are the same in all mails, to the templates' globals."""
        values = self._environment.globals
        values.update({each.name: getattr(common, each.name) for each in fields(common)})
        text, html = (_rendered(name, self._template(name), {}) for name in FOOTER)
        self._loader.flow_once(text.splitlines())
        values.update(footer_text=text, footer_html=Markup(html))  # noqa: S704 - the template has escaped it

    def _template(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise BrokenTemplateError(f"{error.name or name}: there is no such template") from None
        except jinja2.TemplateSyntaxError as error:
            raise BrokenTemplateError(f"{error.name or name}, line {error.lineno}: {error.message}") from None
        except (jinja2.TemplateError, OSError, ValueError) as error:
            raise BrokenTemplateError(f"{name}: {error}") from None

    def _verify(self, kind: MailKind, sample: MailPayload) -> None:
        values = _values(sample)
        for template, file in zip(self._templates[kind.name], FILES, strict=True):
            name = f"{kind.name}/{file}"
            text = _rendered(name, template, values).strip()
            if file == "subject.txt":
                try:
                    reject_header_injection("subject", text)
                except UnsafeMailError as error:
                    raise BrokenTemplateError(f"{name}: {error}") from None
                values["subject"] = text
            if not text:
                raise BrokenTemplateError(f"{name}: is empty")


def _rendered(name: str, template: jinja2.Template, values: dict[str, Any]) -> str:
    try:
        return template.render(values)
    except jinja2.TemplateNotFound as error:
        raise BrokenTemplateError(f"{name}: there is no template {error.name}") from None
    except Exception as error:  # noqa: BLE001 - a template may fail in any way
        raise BrokenTemplateError(f"{name}: {error}") from None


def _environment(loader: TemplateLoader) -> jinja2.Environment:
    return jinja2.Environment(
        loader=loader,
        autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )


def _values(payload: MailPayload) -> dict[str, Any]:
    return {
        **payload.content,
        "name": payload.name,
        "asked_at": mail_texts.format_datetime(payload.issued_at),
        "ends_at": mail_texts.format_datetime(payload.expires_at),
        "valid_for": mail_texts.format_validity(payload.expires_at - payload.issued_at),
    }
