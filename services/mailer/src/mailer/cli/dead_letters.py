"""`mailer dead`: list, show, retry and drop dead letters (MAIL-5)."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from port_runtime.setting_parsers import seconds
from port_runtime.terminal_tables import table, truncate

from mailer.cli.formats import EVENT_PREFIX, format_datetime
from mailer.cli.setup import connected, mailer_settings
from mailer.domain.mail_kinds import EVENTS, has_no_mail
from mailer.usecases.dead_letters import (
    DeadLetter,
    DeadLetterDetails,
    DeadLetterFilter,
    DeadLetterService,
    RetryResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

LIMIT = click.IntRange(1, 10_000)
TYPES = sorted(each.removeprefix(EVENT_PREFIX) for each in EVENTS if not has_no_mail(each))
MAX_REPLY_TEXT = 60


def parse_age(text: str) -> datetime:
    """Parse an age such as 90s, 15m, 12h or 7d, and return the time that long ago."""
    from mailer.adapters.clock import SystemClock

    try:
        return SystemClock().now() - timedelta(seconds=seconds(text))
    except OverflowError:
        raise click.BadParameter("must begin after the year 1") from None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that filter dead letters."""
    options = (
        click.option("--type", "event_type", type=click.Choice(TYPES), help="Only mails of this event type."),
        click.option("--category", help="Only refusals of this category, such as mailbox_unknown."),
        click.option(
            "--older-than",
            "until",
            type=parse_age,
            metavar="AGE",
            help="Only mails refused longer ago than this age, such as 2d or 12h.",
        ),
        click.option(
            "--newer-than",
            "since",
            type=parse_age,
            metavar="AGE",
            help="Only mails refused within this age, such as 2d or 12h.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """List, show, retry and drop the mails that were permanently refused or unreadable.

    The commands need all settings of `mailer run`.
    """


@dead.command("list")
@filters
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="Maximum number to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_dead(*, limit: int, as_json: bool, **filtered: Any) -> None:
    """List dead letters, newest first."""
    with _service() as service:
        shown, count = service.newest(_filter(**filtered), limit=limit)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in shown], indent=2))
    elif shown:
        head = ("EVENT", "REFUSED AT", "TYPE", "ATTEMPTS", "CATEGORY", "REPLY")
        click.echo(table(head, [_row(each) for each in shown], right=[3]))
    else:
        click.echo("no dead letters")
    if count > len(shown):
        click.echo(f"{len(shown)} of {count} shown; --limit shows more", err=True)


@dead.command()
@click.argument("event_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(event_id: str, *, as_json: bool) -> None:
    """Show why the mail of EVENT_ID was refused, without its content."""
    with _service() as service:
        details = service.show(event_id)
    if details is None:
        raise click.ClickException(f"{event_id}: {RetryResult.UNKNOWN}")
    values = _as_json(details.letter) | _opened(details)
    if as_json:
        click.echo(json.dumps(values, indent=2))
    else:
        click.echo("\n".join(f"{name + ':':<12} {'-' if v is None else v}" for name, v in values.items()))


@dead.command()
@click.argument("event_ids", nargs=-1, metavar="[EVENT_ID]...")
@click.option("--all", "every", is_flag=True, help="Retry all dead letters that match the filters.")
@filters
def retry(event_ids: tuple[str, ...], *, every: bool, **filtered: Any) -> None:
    """Put dead letters back into the queue, each exactly once. Expired mails stay dead letters.

    Without --all, exits with 1 if a mail was not queued.
    """
    selection = _selection(event_ids, every=every, filtered=filtered)
    outcomes: Counter[RetryResult] = Counter()
    with _service() as service:
        for event_id in service.ids(selection) if selection else event_ids:
            outcome = service.retry(event_id)
            outcomes[outcome] += 1
            if not every:
                click.echo(f"{event_id}: {outcome}")
    if every:
        click.echo(
            "\n".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "no dead letters"
        )
    elif outcomes.keys() - {RetryResult.QUEUED}:
        raise SystemExit(1)


@dead.command()
@click.argument("event_ids", nargs=-1, metavar="[EVENT_ID]...")
@click.option("--all", "every", is_flag=True, help="Drop all dead letters that match the filters.")
@filters
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def drop(event_ids: tuple[str, ...], *, every: bool, yes: bool, **filtered: Any) -> None:
    """Permanently delete dead letters, so that their mails are never sent.

    Without --all, exits with 1 if an event has no dead letter.
    """
    selection = _selection(event_ids, every=every, filtered=filtered)
    with _service() as service:
        event_ids = service.ids(selection) if selection else tuple(dict.fromkeys(event_ids))
        existing = [event_id for event_id in event_ids if selection or service.has(event_id)]
        if existing and not yes:
            click.confirm(f"Drop {len(existing)} dead letter(s) for good?", abort=True)
        dropped = {event_id for event_id in existing if service.drop(event_id)}
    missing = [event_id for event_id in event_ids if event_id not in dropped]
    click.echo(f"{len(dropped)} dropped")
    for event_id in missing:
        click.echo(f"{event_id}: {RetryResult.UNKNOWN}", err=True)
    if missing and not every:
        raise SystemExit(1)


@contextmanager
def _service() -> Iterator[DeadLetterService]:
    from mailer.adapters.clock import SystemClock
    from mailer.adapters.payload_opener import SealedPayloadOpener
    from mailer.adapters.redis.dead_letters import RedisDeadLetters

    settings = mailer_settings()
    with connected(settings) as client:
        payload_opener = SealedPayloadOpener(settings.opener())
        yield DeadLetterService(RedisDeadLetters(client), payload_opener, clock=SystemClock())


def _selection(
    event_ids: tuple[str, ...], *, every: bool, filtered: dict[str, Any]
) -> DeadLetterFilter | None:
    """Return the filter for `--all`, or None if event ids are passed. Raises UsageError for both or neither."""
    if every == bool(event_ids):
        raise click.UsageError("give event ids, or --all with or without filters")
    if event_ids and any(value is not None for value in filtered.values()):
        raise click.UsageError("filters require --all")
    return _filter(**filtered) if every else None


def _filter(*, event_type: str | None, **others: Any) -> DeadLetterFilter:
    """Return the filter. The options in `others` are named like its fields."""
    return DeadLetterFilter(type=event_type and EVENT_PREFIX + event_type, **others)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        letter.event_id,
        format_datetime(letter.at),
        letter.type.removeprefix(EVENT_PREFIX),
        "-" if letter.attempts is None else str(letter.attempts),
        letter.category,
        truncate(letter.reply_text, MAX_REPLY_TEXT),
    )


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "event_id": letter.event_id,
        "type": letter.type,
        "refused_at": format_datetime(letter.at),
        "attempts": letter.attempts,
        "category": letter.category,
        "words": letter.reply_text,
    }


def _opened(details: DeadLetterDetails) -> dict[str, Any]:
    """Return what may be shown of the payload: the masked recipient and the expiry, never a link or a code (SEC-9)."""
    expires_at = None if details.expires_at is None else format_datetime(details.expires_at)
    return {"recipient": details.recipient, "expires_at": expires_at} | (
        {"unreadable": details.unreadable} if details.unreadable else {}
    )
