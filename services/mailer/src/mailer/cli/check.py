"""`mailer check`: check the settings, the templates, Redis and the mail server (OPS-5)."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import click
from port_runtime.check_command import print_waiting, wait_option

from mailer.cli.setup import mailer_settings, template_renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    from port_runtime.health import Check

    from mailer.settings import Settings


@click.command()
@click.option(
    "--templates", "templates_only", is_flag=True, help="Check only the templates; needs no settings."
)
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, templates_only: bool, wait_seconds: int, as_json: bool) -> None:
    """Check settings, templates, Redis with its permissions, and the mail server; exit with 1 if a check fails."""
    from port_runtime import health

    checks = [_templates_check()] if templates_only else _checks(mailer_settings())
    report = health.wait_until_healthy(checks, timeout_seconds=wait_seconds, report_change=print_waiting)
    if as_json:
        click.echo(json.dumps({"ok": report.ok, "results": report.results}))
    else:
        for name, result in report.results.items():
            click.echo(f"{name}: {result}")
    raise SystemExit(0 if report.ok else 1)


def _checks(settings: Settings) -> list[Check]:
    from port_runtime.health import Check

    @cache  # prints each warning once, even if the checks are repeated
    def warn(text: str) -> None:
        click.echo(f"warning: {text}", err=True)

    return [
        _templates_check(),
        Check("redis", lambda: _check_redis(settings, warn)),
        Check("smtp", lambda: _check_smtp(settings)),
    ]


def _templates_check() -> Check:
    from port_runtime.health import Check, Unhealthy

    from mailer.adapters.renderer import BrokenTemplateError

    def probe() -> None:
        try:
            unknown = template_renderer().unknown_files()
        except BrokenTemplateError as error:
            raise Unhealthy(str(error)) from None
        if unknown:
            raise Unhealthy(f"no mail has the file {', '.join(unknown)}")

    return Check("templates", probe)


def _check_redis(settings: Settings, warn: Callable[[str], None]) -> None:
    """Raise Unhealthy for a cluster, missing permissions or settings that may lose mails (SEC-10).

    Raises redis.RedisError if Redis cannot be reached or written.
    """
    from port_events.redis_client import check_writable, leads_to_cluster
    from port_runtime.health import Unhealthy

    from mailer.adapters.redis.connection import connect
    from mailer.adapters.redis.server_checks import (
        WRITE_CHECK,
        durability_warnings,
        missing_permissions,
        version_warning,
    )

    if leads_to_cluster(settings.redis_url.reveal()):
        raise Unhealthy("a Redis Cluster, which is not supported")
    with connect(settings.redis_url.reveal()) as client:
        if old := version_warning(client):
            warn(f"Redis is {old}")
        check_writable(client, WRITE_CHECK)
        if missing := missing_permissions(client):
            raise Unhealthy(f"the user may not {', '.join(missing)}")
        if warnings := durability_warnings(client):
            raise Unhealthy("; ".join(warnings))


def _check_smtp(settings: Settings) -> None:
    """Raise Unhealthy if the mail server cannot be reached or used with these settings."""
    from port_runtime.health import Unhealthy

    from mailer.adapters.clock import SystemClock
    from mailer.adapters.smtp.connection import NoSessionError
    from mailer.bootstrap import build_transport

    try:
        build_transport(settings, SystemClock()).check()
    except NoSessionError as error:
        raise Unhealthy(str(error)) from None
