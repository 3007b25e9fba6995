"""`mailer preview` and `mailer send-test`: mails with sample data (MAIL-6)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.setup import exit_on_broken_template, mailer_settings, template_renderer
from mailer.domain.mail_kinds import MAILS

if TYPE_CHECKING:
    from mailer.adapters.renderer import TemplateRenderer
    from mailer.domain.mail_kinds import MailKind
    from mailer.settings import Settings
    from mailer.usecases.delivery_ports import Rendered

MAIL = click.Choice(sorted(MAILS))


@click.command()
@click.argument("mail", type=MAIL, required=False)
@click.option("--html", "form", flag_value="html", help="Print the HTML body.")
@click.option(
    "--text", "form", flag_value="text", default="text", help="Print subject and plain text (default)."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Write files to this directory instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def preview(mail: str | None, form: str, out: Path | None, *, as_json: bool) -> None:
    """Print MAIL, or every mail, with sample data; needs no server.

    Uses only the settings of templates, such as MAILER_TEMPLATE_DIR; none of them is required.
    """
    with exit_on_broken_template():
        renderer = template_renderer()
    previews = _previews(renderer, [mail] if mail else sorted(MAILS))
    if out:
        _write(previews, out)
    elif as_json:
        values = {name: asdict(each) for name, each in previews.items()}
        click.echo(json.dumps(values, indent=2))
    else:
        click.echo("\n".join(each.html if form == "html" else _as_text(each) for each in previews.values()))


@click.command("send-test")
@click.argument("address")
@click.argument("mail", type=MAIL, default="registration_link")
def send_test(address: str, mail: str) -> None:
    """Send MAIL with sample data, marked as a test, to ADDRESS over the configured mail server."""
    from mailer.domain.errors import MailerError

    settings = mailer_settings()
    try:
        with exit_on_broken_template():
            _send_sample(settings, MAILS[mail], address=address)
    except MailerError as error:
        raise click.ClickException(f"not sent: {error} {getattr(error, 'reply_text', '')}".rstrip()) from None
    click.echo(f"{mail}: accepted by the mail server")


def _send_sample(settings: Settings, kind: MailKind, *, address: str) -> None:
    """Send the first sample of a mail. Raises MailerError or BrokenTemplateError."""
    from uuid import uuid4

    from mailer.adapters.clock import SystemClock
    from mailer.bootstrap import build_renderer, build_transport
    from mailer.domain.mail import Mail, Mailbox

    clock, renderer = SystemClock(), build_renderer(settings)
    sample = next(renderer.samples(kind))
    rendered = renderer.render_test(kind, sample)
    mail = Mail(
        event_id=f"test-{uuid4()}",
        to=Mailbox(address, sample.name),
        date=clock.now(),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
    transport = build_transport(settings, clock)
    try:
        transport.send(mail)
    finally:
        transport.close()


def _previews(renderer: TemplateRenderer, names: list[str]) -> dict[str, Rendered]:
    """Return the rendered samples by name: a mail's first sample under the mail's name, the others with a number."""
    previews = {}
    for name in names:
        for number, sample in enumerate(renderer.samples(MAILS[name]), start=1):
            previews[name if number == 1 else f"{name}.{number}"] = renderer.render(MAILS[name], sample)
    return previews


def _write(previews: dict[str, Rendered], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, each in previews.items():
        (out / f"{name}.html").write_text(each.html, encoding="utf-8")
        (out / f"{name}.txt").write_text(_as_text(each), encoding="utf-8")
    click.echo(f"{len(previews)} previews in {out}")


def _as_text(rendered: Rendered) -> str:
    return f"Subject: {rendered.subject}\n\n{rendered.text}"
