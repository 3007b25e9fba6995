"""The identity command."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from port_runtime import logs
from port_runtime.settings import exit_on_fault, load

from identity.settings import DatabaseSettings, RelaySettings, Settings

if TYPE_CHECKING:
    from flask import Flask

    from identity.domain.account import Account
    from identity.usecases.ports import Ports

Command = TypeVar("Command", bound=Callable[..., Any])
T = TypeVar("T", bound=DatabaseSettings)


def _settings(kind: type[T]) -> T:
    with exit_on_fault():
        settings = load(kind, os.environ)
    logs.configure("identity", settings.log_level)
    return settings


def _app() -> "Flask":
    from identity.app import create_app

    settings = _settings(Settings)
    with exit_on_fault():
        return create_app(settings)


@click.group()
@click.version_option(package_name="identity")
def main() -> None:
    """Accounts, bindings and sessions of Taiwan's port passes."""


@main.command()
def serve() -> None:
    """Serve portal and API by gunicorn, in the foreground."""
    from identity.server import Server

    settings = _settings(Settings)
    with exit_on_fault():
        Server(settings).run()


@main.command()
def relay() -> None:
    """Publish events from the outbox; any number may run, one is active."""
    from identity.relay import serve as run

    run(_settings(RelaySettings))


@main.command()
def migrate() -> None:
    """Bring the database up to date; may run several times, and at once."""
    from identity.adapters.database import open_engine
    from identity.adapters.migrating import migrate as run

    settings = _settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tidy(*, as_json: bool) -> None:
    """Lapse what was not verified in time, and drop what is past its time."""
    from identity.adapters.database import db
    from identity.adapters.sweeper import SqlSweeper
    from identity.http.context import ports
    from identity.usecases.tidying import tidy as run

    app = _app()
    with app.app_context():
        tidied = run(ports(), SqlSweeper(db.engine))
    counts = {"accounts": tidied.accounts, "bindings": tidied.bindings, "rows": tidied.rows}
    click.echo(
        json.dumps(counts)
        if as_json
        else "lapsed accounts: {accounts}, lapsed bindings: {bindings}, dropped rows: {rows}".format(**counts)
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, as_json: bool) -> None:
    """Check settings, texts, keys and the database; exit code 1 where something is not ready."""
    from port_runtime.health import Check, run

    from identity.adapters.database import db
    from identity.adapters.migrating import revision_probe
    from identity.app import database_probe

    app = _app()
    with app.app_context():
        report = run(
            [Check("database", database_probe(db.engine)), Check("migrations", revision_probe(db.engine))]
        )
    results = {"settings": "ok", **report.results}
    click.echo(
        json.dumps(results) if as_json else "\n".join(f"{name}: {found}" for name, found in results.items())
    )
    sys.exit(0 if report.ok else 1)


@main.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from identity.documents import openapi_document

    click.echo(openapi_document())


@main.group()
def keys() -> None:
    """Make the keys of an installation."""


@keys.command("new")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines for an environment file.")
def new_keys(*, as_json: bool) -> None:
    """Print a new signing key and new JWK sets for both services; keep them as secrets."""
    import secrets

    from port_events.sealing import new_key_sets

    made = new_key_sets()
    values = {
        "IDENTITY_SECRET_KEYS": secrets.token_urlsafe(48),
        "MAIL_SEAL_PUBLIC_KEYS": made.seal_public,
        "MAIL_SEAL_PRIVATE_KEYS": made.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": made.sign_private,
        "MAIL_SIGN_PUBLIC_KEYS": made.sign_public,
    }
    click.echo(
        json.dumps(values) if as_json else "\n".join(f"{name}={value}" for name, value in values.items())
    )


@main.group()
def accounts() -> None:
    """Find accounts, and decide on them."""


def _act(command: Command) -> Command:
    """Run an operator's command inside the application, refusals told in one line."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> None:
        from identity.domain.errors import NotFound, WrongState
        from identity.http.context import ports

        app = _app()
        try:
            with app.app_context():
                command(ports(), *args, **named)
        except NotFound:
            raise click.ClickException("no such account") from None
        except WrongState as refusal:
            raise click.ClickException(f"the account is {refusal.state}") from None

    return run  # type: ignore[return-value]  # wraps() keeps the signature


@accounts.command("list")
@click.option(
    "--status", type=click.Choice(["email_unverified", "awaiting_review", "active", "suspended", "closed"])
)
@click.option("--kind", type=click.Choice(["general", "link"]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_act
def list_accounts(ports: "Ports", *, status: Any, kind: Any, limit: int, as_json: bool) -> None:
    """List accounts, oldest first."""
    from identity.usecases import review

    _print_accounts(review.find(ports, status=status, kind=kind, limit=limit), as_json=as_json)


@accounts.command("show")
@click.argument("username")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_act
def show_account(ports: "Ports", username: str, *, as_json: bool) -> None:
    """Show one account."""
    from identity.usecases import review

    _print_accounts([review.show(ports, username)], as_json=as_json)


def _decision(name: str, explanation: str, *, reasoned: bool = False) -> None:
    """Define a command that changes one account's state."""

    def decide(ports: "Ports", username: str, **named: str) -> None:
        from identity.usecases import review

        account = getattr(review, name)(ports, username, **named)
        click.echo(f"{account.username}: {account.status}")

    decide.__doc__ = explanation
    command = accounts.command(name)(click.argument("username")(_act(decide)))
    if reasoned:
        command.params.append(
            click.Option(["--reason"], required=True, help="What the applicant is told, in Chinese.")
        )


_decision("approve", "Approve an account that awaits review, and tell the applicant.")
_decision(
    "reject", "Reject an account that awaits review, tell the applicant why, and close it.", reasoned=True
)
_decision("suspend", "Suspend an account: its sessions end at once.")
_decision("reinstate", "Lift a suspension.")
_decision("close", "Close an account for good: its name and mailbox are free again.")


def _print_accounts(found: "Sequence[Account]", *, as_json: bool) -> None:
    rows = [
        {
            "username": account.username,
            "kind": account.kind,
            "status": account.status,
            "name": account.name,
            "tax_id": account.tax_id,
            "company": account.company_name,
            "created_at": account.created_at.isoformat(timespec="seconds"),
        }
        for account in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(
            "{username:<30} {kind:<8} {status:<17} {created_at}  {tax_id:<10} {name}  {company}".format(**row)
        )
