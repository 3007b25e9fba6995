"""Templates to texts: built in, with an operator's own over them file by file (MAIL-1, MAIL-6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from jinja2.ext import Extension

from mailer.domain.catalogue import MAILS, MailKind
from mailer.domain.mail import reject_unsafe
from mailer.domain.samples import SAMPLE_NAME, TEST_LINE, TEST_SUBJECT, fill
from mailer.domain.taiwan_time import format_datetime, format_validity
from mailer.domain.wrapping import wrap, wrap_line
from mailer.usecases.ports import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mailer.usecases.ports import MailPayload

BUILT_IN: Final = Path(__file__).parent.parent / "templates" / "zh_TW"
FILES: Final = ("subject.txt", "body.txt", "body.html")
SAMPLE_ISSUED: Final = datetime(2026, 1, 5, 6, 3, tzinfo=UTC)
SAMPLE_SPAN: Final = {"password_reset": timedelta(hours=1)}
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


class BrokenTemplateError(Exception):
    """A template is missing or cannot be rendered; the message names it."""


@dataclass(frozen=True, slots=True)
class SamplePayload:
    """A letter to preview a mail with."""

    address: str
    name: str
    issued_at: datetime
    expires_at: datetime
    content: Mapping[str, str]


class TemplateRenderer:
    """See `mailer.usecases.ports.Renderer`; when made it compiles and tries all templates."""

    def __init__(
        self, *, sender_name: str, public_url: str, can_reply: bool, override_dir: Path | None = None
    ) -> None:
        """Raise BrokenTemplateError for the first template that is not right."""
        self._public_url, self._override_dir = public_url, override_dir
        self._environment = _environment(override_dir)
        self._environment.globals.update(sender=sender_name, public_url=public_url, can_reply=can_reply)
        self._templates = {kind.name: self._compiled(kind) for kind in MAILS.values()}
        for kind in MAILS.values():
            for letter in self.samples(kind):
                self._verify(kind, letter)

    def render(self, kind: MailKind, letter: MailPayload) -> Rendered:
        """Return the mail's texts; their lines of plain text fit a narrow terminal."""
        subject, text, html = self._templates[kind.name]
        values = _values(letter)
        return Rendered(
            subject=subject.render(values).strip(),
            text=wrap(text.render(values)) + "\n",
            html=html.render(values),
        )

    def render_test(self, kind: MailKind, letter: MailPayload) -> Rendered:
        """Return the mail's texts, marked in subject and first line as a test that asks for nothing."""
        mail = self.render(kind, letter)
        body = _BODY.search(mail.html)
        top = body.end() if body else 0
        return Rendered(
            subject=f"{TEST_SUBJECT}{mail.subject}",
            text=f"{wrap(TEST_LINE)}\n\n{mail.text}",
            html=f'{mail.html[:top]}\n<p style="margin:16px">{TEST_LINE}</p>{mail.html[top:]}',
        )

    def samples(self, kind: MailKind) -> Iterator[SamplePayload]:
        """Yield letters that together meet every branch of the mail's texts."""
        for sample in kind.samples:
            yield SamplePayload(
                address="sample@example.com",
                name=SAMPLE_NAME,
                issued_at=SAMPLE_ISSUED,
                expires_at=SAMPLE_ISSUED + SAMPLE_SPAN.get(kind.name, timedelta(hours=24)),
                content=fill(sample, self._public_url),
            )

    def unknown_files(self) -> list[str]:
        """Return the operator's files that take no other's place: a misspelt name would be passed over."""
        if self._override_dir is None:
            return []
        own = self._override_dir
        names = (path.relative_to(own).as_posix() for path in sorted(own.rglob("*")) if path.is_file())
        return [name for name in names if not name.startswith("_base/") and not (BUILT_IN / name).is_file()]

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

    def _verify(self, kind: MailKind, letter: SamplePayload) -> None:
        for template, file in zip(self._templates[kind.name], FILES, strict=True):
            name = f"{kind.name}/{file}"
            try:
                text = template.render(_values(letter)).strip()
                if file == "subject.txt":
                    reject_unsafe("subject", text)
            except jinja2.TemplateNotFound as error:
                raise BrokenTemplateError(f"{name}: there is no template {error.name}") from None
            except Exception as error:  # noqa: BLE001 - a template may fail in any way
                raise BrokenTemplateError(f"{name}: {error}") from None
            if not text:
                raise BrokenTemplateError(f"{name}: is empty")


class WrapOnce(Extension):
    """Wraps the lines of plain text that never change when they are compiled, not for each mail."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's
        """Return the source with its fixed lines wrapped."""
        if not name or not name.endswith(".txt"):
            return source
        return "\n".join(line if "{" in line else wrap_line(line) for line in source.splitlines())


def _environment(own: Path | None) -> jinja2.Environment:
    folders = [BUILT_IN] if own is None else [own, BUILT_IN]
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


def _values(letter: MailPayload) -> dict[str, Any]:
    return {
        **letter.content,
        "name": letter.name,
        "asked_at": format_datetime(letter.issued_at),
        "ends_at": format_datetime(letter.expires_at),
        "valid_for": format_validity(letter.expires_at - letter.issued_at),
    }
