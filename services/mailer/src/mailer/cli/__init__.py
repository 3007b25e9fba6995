"""The command `mailer`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from port_runtime.settings import describe, exit_on_error, load

from mailer.cli.base import mailer_settings
from mailer.cli.dead import dead
from mailer.cli.queue import queue
from mailer.domain.catalogue import MAILS

if TYPE_CHECKING:
    from port_runtime.health import Check

    from mailer.adapters.renderer import TemplateRenderer
    from mailer.settings import Settings, TemplateSettings
    from mailer.usecases.ports import Rendered

T = TypeVar("T", bound="TemplateSettings")
BROKEN = 2
MAIL = click.Choice(sorted(MAILS))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mailer")
def main() -> None:
    """Turn the events of the port-pass identity system into mails.

    Settings come from the environment, each also as NAME_FILE; `mailer settings` lists them.
    """


main.add_command(dead)
main.add_command(queue)


@main.command()
def run() -> None:
    """Send mails until told to stop by SIGTERM or Ctrl-C; run as many as are needed."""
    from port_runtime import logs

    from mailer.process import MailerProcess

    settings = mailer_settings()
    logs.configure("mailer", settings.log_level)
    with _broken_template_named():
        process = MailerProcess.build(settings)
    with exit_on_error():
        process.run(settings)


@main.command()
@click.argument("mail", type=MAIL, required=False)
@click.option("--html", "form", flag_value="html", help="Print the HTML body.")
@click.option(
    "--text", "form", flag_value="text", default="text", help="Print subject and plain text (default)."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write the files here instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def preview(mail: str | None, form: str, out: Path | None, *, as_json: bool) -> None:
    """Show MAIL, or every mail, with sample data; needs no server.

    MAILER_TEMPLATE_DIR, MAILER_FROM, MAILER_REPLY_TO and IDENTITY_PUBLIC_URL are heeded.
    """
    with _broken_template_named():
        templates = _renderer()
    shown = _samples(templates, [mail] if mail else sorted(MAILS))
    if out:
        _write(shown, out)
    elif as_json:
        click.echo(
            json.dumps({name: _as_json(each) for name, each in shown.items()}, ensure_ascii=False, indent=2)
        )
    else:
        click.echo("\n".join(each.html if form == "html" else _as_text(each) for each in shown.values()))


@main.command("send-test")
@click.argument("address")
@click.argument("mail", type=MAIL, default="registration_link")
def send_test(address: str, mail: str) -> None:
    """Send MAIL with sample data, marked as a test, to ADDRESS over the configured mail server."""
    from mailer.domain.errors import MailerError
    from mailer.process import send_sample

    settings = mailer_settings()
    try:
        with _broken_template_named():
            send_sample(settings, MAILS[mail], address=address)
    except MailerError as error:
        raise click.ClickException(f"not sent: {error} {getattr(error, 'reply_text', '')}".rstrip()) from None
    click.echo(f"{mail}: accepted by the mail server")


@main.command()
@click.option("--templates", "templates_only", is_flag=True, help="Try the templates only; needs no setting.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, templates_only: bool, as_json: bool) -> None:
    """Say whether the mailer could work: settings, templates, Redis with its rights, mail server."""
    from port_runtime import health

    checks = [_templates_check()] if templates_only else _checks(mailer_settings())
    report = health.run_checks(checks)
    if as_json:
        click.echo(json.dumps({"ok": report.ok, "results": report.results}, ensure_ascii=False))
    else:
        for name, result in report.results.items():
            click.echo(f"{name}: {result}")
    raise SystemExit(0 if report.ok else 1)


@main.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_settings(*, as_json: bool) -> None:
    """List the settings with their defaults."""
    from mailer.settings import Settings

    docs = describe(Settings)
    if as_json:
        rows = [
            {"name": each.name, "doc": each.doc, "default": each.default_text, "required": each.required}
            for each in docs
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for each in docs:
        default = "required" if each.required else each.default_text or "unset"
        click.echo(f"{each.name}\n    {each.doc} [{default}]")


def _renderer() -> "TemplateRenderer":
    from mailer.process import build_renderer
    from mailer.settings import TemplateSettings

    with exit_on_error():
        settings = load(TemplateSettings, os.environ)
    return build_renderer(settings)


@contextmanager
def _broken_template_named() -> Iterator[None]:
    """Exit with 2 and one line that names the template, as a wrong setting does (OPS-5)."""
    from mailer.adapters.renderer import BrokenTemplateError

    try:
        yield
    except BrokenTemplateError as error:
        click.echo(f"template {error}", err=True)
        raise SystemExit(BROKEN) from None


def _samples(templates: "TemplateRenderer", names: list[str]) -> "dict[str, Rendered]":
    """Return each mail with its first sample, then the variants that its texts have."""
    shown = {}
    for name in names:
        for number, letter in enumerate(templates.samples(MAILS[name]), start=1):
            shown[name if number == 1 else f"{name}.{number}"] = templates.render(MAILS[name], letter)
    return shown


def _write(shown: "dict[str, Rendered]", out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, each in shown.items():
        (out / f"{name}.html").write_text(each.html, encoding="utf-8")
        (out / f"{name}.txt").write_text(_as_text(each), encoding="utf-8")
    click.echo(f"{len(shown)} previews in {out}")


def _as_text(each: "Rendered") -> str:
    return f"Subject: {each.subject}\n\n{each.text}"


def _as_json(each: "Rendered") -> dict[str, str]:
    return {"subject": each.subject, "text": each.text, "html": each.html}


def _checks(settings: "Settings") -> "list[Check]":
    from port_runtime.health import Check

    from mailer.process import check_redis, check_smtp

    return [
        _templates_check(),
        Check("redis", lambda: check_redis(settings)),
        Check("smtp", lambda: check_smtp(settings)),
    ]


def _templates_check() -> "Check":
    from port_runtime.health import Check, Unhealthy

    from mailer.adapters.renderer import BrokenTemplateError

    def probe() -> None:
        try:
            unknown = _renderer().unknown_files()
        except BrokenTemplateError as error:
            raise Unhealthy(str(error)) from None
        if unknown:
            raise Unhealthy(f"no mail has the file {', '.join(unknown)}")

    return Check("templates", probe)
