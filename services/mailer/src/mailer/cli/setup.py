"""What commands need before their work: the settings, the templates, a connection to Redis."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from mailer.adapters.renderer import TemplateRenderer
    from mailer.settings import Settings


def mailer_settings() -> Settings:
    """Read the settings. If any are wrong, print a line for each and exit with 2."""
    from port_runtime.settings import exit_on_error, load

    from mailer.settings import Settings

    with exit_on_error():
        return load(Settings, os.environ)


def template_renderer() -> TemplateRenderer:
    """Return the renderer for the settings of templates alone. Raises BrokenTemplateError.

    If settings are wrong, print a line for each and exit with 2.
    """
    from port_runtime.settings import exit_on_error, load

    from mailer.bootstrap import build_renderer
    from mailer.settings import TemplateSettings

    with exit_on_error():
        settings = load(TemplateSettings, os.environ)
    return build_renderer(settings)


@contextmanager
def exit_on_broken_template() -> Iterator[None]:
    """Print the name of a broken template and exit with 2, as for a wrong setting (OPS-5)."""
    from mailer.adapters.renderer import BrokenTemplateError

    try:
        yield
    except BrokenTemplateError as error:
        click.echo(f"template {error}", err=True)
        raise SystemExit(2) from None


@contextmanager
def connected(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a Redis client. On a Redis error, print one line and exit with 1."""
    import redis

    from mailer.adapters.redis.connection import connect

    try:
        with connect(settings.redis_url.reveal()) as client:
            yield client
    except redis.exceptions.NoPermissionError as error:
        raise click.ClickException(f"Redis refuses the command: {error}") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis does not answer: {type(error).__name__}") from None
