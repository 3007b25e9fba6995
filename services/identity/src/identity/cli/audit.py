"""`identity audit`: read the audit log; verify its chain, and print or accept the chain's end (SEC-11)."""

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import click

from identity.cli.operator import operator_options, read_operator, read_settings, with_ports
from identity.cli.output import as_json, print_row, print_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from identity.bootstrap.audit import AuditDependencies
    from identity.domain.audit_chain import Anchor
    from identity.settings.relay import ChainSettings, RelaySettings
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

_NO_END = "no end of the chain is recorded, so its last rows may be missing: run the relay, or pass --head or --anchor"
_EMPTY = "no row of the audit log is chained yet"
_POST_TIMEOUT_SECONDS = 10


@click.group()
def audit() -> None:
    """Read the audit log; verify its chain, and print or accept the chain's end."""


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
def list_rows(ports: "Ports", *, as_json: bool, since: datetime | None, **criteria: Any) -> None:
    """List rows of the audit log, newest first."""
    from datetime import UTC

    from identity.usecases.ports.audit import AuditFilter

    start = since.replace(tzinfo=UTC) if since else None
    show_rows(ports, AuditFilter(since=start, **criteria), as_json=as_json)


def show_rows(ports: "Ports", query: "AuditFilter", *, as_json: bool) -> None:
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
@click.option(
    "--anchor",
    "file",
    type=click.File(),
    help="A file of lines from `identity audit anchor`, each of which the chain must contain.",
)
@as_json
def verify(*, head: str | None, file: TextIO | None, as_json: bool) -> None:
    """Verify the whole chain. If it is broken, print the first error and exit with 1.

    The chain must contain the end that the relay recorded in the database and, if REDIS_URL is set, in Redis. Without a
    recorded end, --head or --anchor is required.
    """
    from identity.settings.relay import ChainSettings
    from identity.usecases.audit.verifying import ChainBroken
    from identity.usecases.audit.verifying import verify as run

    hidden = as_json or not sys.stderr.isatty()
    with _open(read_settings(ChainSettings)) as audit:
        anchors = [*_anchors(file), *filter(None, [store.read() for store in audit.anchors])]
        if head is None and not anchors:
            raise click.ClickException(_NO_END)
        try:
            with click.progressbar(length=audit.chain.chained_count(), file=sys.stderr, hidden=hidden) as bar:
                verified = run(audit.chain, audit.keys, head=head, anchors=anchors, on_progress=bar.update)
        except ChainBroken as broken:
            print_row({"ok": False, **asdict(broken)}, as_json=as_json)
            sys.exit(1)
    print_row({"ok": True, **asdict(verified)}, as_json=as_json)


@audit.command("anchor")
@click.option("--file", "path", type=click.Path(dir_okay=False), help="Also append the line to this file.")
@click.option("--post", "url", help="Also send the line to this URL by POST.")
def print_anchor(*, path: str | None, url: str | None) -> None:
    """Print the end of the chain as a line of JSON. Keep it where the database's users cannot write.

    Later, `identity audit verify --anchor FILE` detects whether rows were removed from the end.
    """
    from identity.domain.audit_chain import Anchor
    from identity.settings.relay import ChainSettings

    with _open(read_settings(ChainSettings)) as audit:
        newest = audit.chain.newest()
        if newest is None:
            raise click.ClickException(_EMPTY)
        key = audit.keys.get(newest.key)
        if key is None or not newest.is_authentic(key):
            raise click.ClickException(
                f"segment {newest.number} is not authentic: run `identity audit verify`"
            )
    line = Anchor.of(newest).to_json()
    click.echo(line)
    if path:
        with open(path, "a", opener=_open_private) as file:
            file.write(f"{line}\n")
    if url:
        _post(url, line)


@audit.command("accept")
@operator_options
def accept(*, operator: str | None, reason: str) -> None:
    """Record the current end of the chain instead of a recorded end that is missing, for example after a restore.

    Uses the relay's settings. Resolves the alert AuditLogTruncated.
    """
    from identity.adapters.clock import SystemClock
    from identity.settings.relay import RelaySettings
    from identity.usecases.audit.anchoring import accept_end

    caller = read_operator(operator, reason)
    with _open(read_settings(RelaySettings)) as audit:
        anchor = accept_end(audit.chain, audit.anchors, audit.log, caller=caller, now=SystemClock().now())
    if anchor is None:
        raise click.ClickException(_EMPTY)
    click.echo(anchor.to_json())


@contextmanager
def _open(settings: "ChainSettings | RelaySettings") -> "Iterator[AuditDependencies]":
    """Open the chain; report an error of Redis by its type in one line."""
    from redis.exceptions import RedisError

    from identity.bootstrap.audit import open_audit

    try:
        with open_audit(settings) as audit:
            yield audit
    except RedisError as error:
        raise click.ClickException(f"Redis: {type(error).__name__}") from None


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _anchors(file: TextIO | None) -> "list[Anchor]":
    from identity.domain.audit_chain import Anchor

    try:
        return [Anchor.from_json(line) for line in file or () if line.strip()]
    except ValueError:
        raise click.ClickException("--anchor: must be a file of lines from `identity audit anchor`") from None


def _post(url: str, line: str) -> None:
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://")):
        raise click.BadParameter("must be a URL with http or https", param_hint="--post")
    request = Request(url, line.encode(), {"Content-Type": "application/json"})  # noqa: S310  # checked above
    try:
        with urlopen(request, timeout=_POST_TIMEOUT_SECONDS):  # noqa: S310  # checked above
            pass
    except OSError as error:
        raise click.ClickException(f"--post: {error}") from None
