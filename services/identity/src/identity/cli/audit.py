"""`identity audit`: reading the audit log and verifying its chain (SEC-11)."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from identity.cli.base import as_json, print_row, print_rows, read_settings, with_ports
from identity.settings.audit import AuditSettings

if TYPE_CHECKING:
    from identity.usecases.ports import Ports
    from identity.usecases.ports.audit import AuditFilter

_CELLS = {
    "ROW": "{id}",
    "AT": "{at}",
    "ACTION": "{action}",
    "RESULT": "{result}",
    "WHO": "{who}",
    "ACCOUNT": "{account_id}",
    "FROM": "{address}",
    "REASON": "{reason}",
}


@click.group()
def audit() -> None:
    """Read the audit log, and verify its chain."""


@audit.command("list")
@click.option("--account", help="Only rows about this account, by its username or id.")
@click.option("--operator", help="Only rows of this operator.")
@click.option("--action", help="Only rows with this action, e.g. session.refused.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Only rows from this time on, in UTC.",
)
@click.option("--before", type=int, help="Start before the row with this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@as_json
@with_ports
def list_rows(ports: "Ports", *, as_json: bool, since: datetime | None, **asked: Any) -> None:
    """List who did what, newest first."""
    from datetime import UTC

    from identity.usecases.ports.audit import AuditFilter

    moment = since.replace(tzinfo=UTC) if since else None
    show_rows(ports, AuditFilter(since=moment, **asked), as_json=as_json)


def show_rows(ports: "Ports", query: "AuditFilter", *, as_json: bool) -> None:
    """Print rows of the log."""
    from identity.http.api.admin_schemas import AuditRowSchema
    from identity.usecases import account_queries

    rows = AuditRowSchema().dump(account_queries.history(ports, query), many=True)
    if not as_json:
        rows = [{**row, "who": _who(row["actor"])} for row in rows]
    print_rows(rows, cells=_CELLS, as_json=as_json)


def _who(actor: dict[str, Any]) -> str:
    via = f" via {actor['via']}" if actor["via"] else ""
    return f"{actor['kind']} {actor['name']}{via}".strip()


@audit.command("verify")
@click.option("--head", help="A head from the relay's log that the chain must contain.")
@as_json
def verify(*, head: str | None, as_json: bool) -> None:
    """Verify the chain from end to end; print the first row that breaks it and exit with 1."""
    from identity.adapters.signed_tokens import chain_keys
    from identity.adapters.sql.audit_chain import SqlAuditChain
    from identity.adapters.sql.engine import open_engine
    from identity.usecases.audit.verifying import ChainBroken
    from identity.usecases.audit.verifying import verify as run

    settings = read_settings(AuditSettings)
    keys = chain_keys(settings.audit_keys)
    if keys is None:
        raise click.ClickException(
            "IDENTITY_AUDIT_KEYS is not set: the chain cannot be verified without its keys"
        )
    engine = open_engine(settings.database_url.reveal())
    chain = SqlAuditChain(engine)
    hidden = as_json or not sys.stderr.isatty()
    try:
        with click.progressbar(length=chain.chained_count(), file=sys.stderr, hidden=hidden) as bar:
            verified = run(chain, keys, head=head, on_progress=bar.update)
    except ChainBroken as broken:
        print_row({"ok": False, **asdict(broken)}, as_json=as_json)
        sys.exit(1)
    finally:
        engine.dispose()
    print_row({"ok": True, **asdict(verified)}, as_json=as_json)
