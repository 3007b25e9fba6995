"""Renders mails from the built-in templates, which operators can replace one by one (MAIL-1, MAIL-6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jinja2
from jinja2.ext import Extension
from typing_extensions import override

from mailer.adapters import mail_texts
from mailer.adapters.mail_texts import BUILT_IN, SamplePayload
from mailer.domain.header_injection import reject_header_injection
from mailer.domain.mail_catalogue import MAILS, MailKind
from mailer.domain.wrapping import wrap, wrap_line
from mailer.usecases.ports import Rendered, Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailer.usecases.ports import MailPayload

FILES: Final = ("subject.txt", "body.txt", "body.html")
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


class BrokenTemplateError(Exception):
    """A template is missing or cannot be rendered; the message names it."""


class TemplateRenderer(Renderer):
    """The constructor compiles all templates and renders them with sample data."""

    def __init__(
        self, *, sender_name: str, public_url: str, can_reply: bool, override_dir: Path | None = None
    ) -> None:
        """Raise BrokenTemplateError for the first template that fails."""
        self._public_url, self._override_dir = public_url, override_dir
        self._environment = _environment(override_dir)
        self._environment.globals.update(sender=sender_name, public_url=public_url, can_reply=can_reply)
        self._templates = {kind.name: self._compiled(kind) for kind in MAILS.values()}
        for kind in MAILS.values():
            for sample in self.samples(kind):
                self._verify(kind, sample)

    @override
    def render(self, kind: MailKind, payload: MailPayload) -> Rendered:
        subject, text, html = self._templates[kind.name]
        values = _values(payload)
        return Rendered(
            subject=subject.render(values).strip(),
            text=wrap(text.render(values)) + "\n",
            html=html.render(values),
        )

    def render_test(self, kind: MailKind, payload: MailPayload) -> Rendered:
        """Return the mail's texts, with a test notice in the subject and the first line."""
        mail, notice = self.render(kind, payload), mail_texts.notice_of_test()
        body = _BODY.search(mail.html)
        top = body.end() if body else 0
        return Rendered(
            subject=mail_texts.subject_of_test(mail.subject),
            text=f"{wrap(notice)}\n\n{mail.text}",
            html=f'{mail.html[:top]}\n<p style="margin:16px">{notice}</p>{mail.html[top:]}',
        )

    def samples(self, kind: MailKind) -> Iterator[SamplePayload]:
        """Yield payloads that together reach every branch of the mail's templates."""
        return mail_texts.samples(kind.name, self._public_url)

    def unknown_files(self) -> list[str]:
        """Return the operator's files that replace no built-in template, for example because of a typo in the name."""
        own = self._override_dir
        if own is None:
            return []
        names = (path.relative_to(own).as_posix() for path in sorted(own.rglob("*")) if path.is_file())
        known = {f"{mail}/{file}" for mail in MAILS for file in FILES}
        return [name for name in names if not name.startswith("_base/") and name not in known]

    def _compiled(self, kind: MailKind) -> tuple[jinja2.Template, ...]:
        return tuple(self._template(f"{kind.name}/{file}") for file in FILES)

    def _template(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise BrokenTemplateError(f"{error.name or name}: there is no such template") from None
        except jinja2.TemplateSyntaxError as error:
            raise BrokenTemplateError(f"{error.name or name}, line {error.lineno}: {error.message}") from None
        except (jinja2.TemplateError, OSError, ValueError) as error:
            raise BrokenTemplateError(f"{name}: {error}") from None

    def _verify(self, kind: MailKind, sample: SamplePayload) -> None:
        for template, file in zip(self._templates[kind.name], FILES, strict=True):
            name = f"{kind.name}/{file}"
            try:
                text = template.render(_values(sample)).strip()
                if file == "subject.txt":
                    reject_header_injection("subject", text)
            except jinja2.TemplateNotFound as error:
                raise BrokenTemplateError(f"{name}: there is no template {error.name}") from None
            except Exception as error:  # noqa: BLE001 - a template may fail in any way
                raise BrokenTemplateError(f"{name}: {error}") from None
            if not text:
                raise BrokenTemplateError(f"{name}: is empty")


class WrapOnce(Extension):
    """Wraps the fixed lines of text templates once, when they are compiled."""

    @override
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        if not name or not name.endswith(".txt"):
            return source
        return "\n".join(line if "{" in line else wrap_line(line) for line in source.splitlines())


def _environment(override_dir: Path | None) -> jinja2.Environment:
    folders = [BUILT_IN] if override_dir is None else [override_dir, BUILT_IN]
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders, encoding="utf-8"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default=False),
        undefined=jinja2.StrictUndefined,
        extensions=[WrapOnce],
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
