"""`mailer dead`: the letters that were refused for good, in operators' hands (MAIL-5)."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from port_runtime.tables import table, truncate

from mailer.cli.base import connected, format_datetime, mailer_settings
from mailer.domain.catalogue import EVENTS, has_no_mail
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

PREFIX = "tw.port.identity."
LIMIT = click.IntRange(1, 10_000)
TYPES = sorted(each.removeprefix(PREFIX) for each in EVENTS if not has_no_mail(each))
MAX_REPLY_TEXT = 60


class _Age(click.ParamType[timedelta]):
    """A length of time, as in 90s, 15m, 12h, 7d."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from port_runtime.parsers import seconds

        try:
            return timedelta(seconds=seconds(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which dead letters are meant; they come as `wanted`."""
    options = (
        click.option("--type", "event_type", type=click.Choice(TYPES), help="Of this type only."),
        click.option("--category", help="Of this category only, such as mailbox_unknown."),
        click.option("--older-than", type=_Age(), help="Refused longer ago, as in 2d or 12h."),
        click.option("--newer-than", type=_Age(), help="Refused since then, as in 2d or 12h."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """List, read, retry and drop the mails that were refused for good.

    It needs the mailer's settings: Redis with its user, and the keys to read the validity of a mail.
    """


@dead.command("list")
@filters
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="Show so many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_dead(*, limit: int, as_json: bool, **filtered: Any) -> None:
    """List dead letters, newest first."""
    with _service() as office:
        newest, count = office.newest(_wanted(**filtered), limit=limit)
        letters = list(newest)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in letters], ensure_ascii=False, indent=2))
    elif letters:
        head = ("EVENT", "REFUSED AT", "TYPE", "ATTEMPTS", "CATEGORY", "WORDS")
        click.echo(table(head, [_row(each) for each in letters], right=[3]))
    else:
        click.echo("no dead letters")
    if count > len(letters):
        click.echo(f"{len(letters)} of {count} shown; --limit shows more", err=True)


@dead.command()
@click.argument("event_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(event_id: str, *, as_json: bool) -> None:
    """Show the dead letter of EVENT_ID: why it was refused, never what it says."""
    with _service() as office:
        shown = office.show(event_id)
    if shown is None:
        raise click.ClickException(f"{event_id}: {RetryResult.UNKNOWN}")
    values = _as_json(shown.letter) | _opened(shown)
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(f"{name + ':':<12} {'-' if v is None else v}" for name, v in values.items()))


@dead.command()
@click.argument("event_ids", nargs=-1, metavar="[EVENT_ID]...")
@click.option("--all", "every", is_flag=True, help="Retry all that the filters leave.")
@filters
def retry(event_ids: tuple[str, ...], *, every: bool, **filtered: Any) -> None:
    """Put dead letters back in the queue, each exactly once; what has expired stays.

    Ends with 1 when one that was named was not queued.
    """
    wanted = _chosen(event_ids, every=every, filtered=filtered)
    outcomes: Counter[RetryResult] = Counter()
    with _service() as office:
        for event_id in office.ids(wanted) if wanted else event_ids:
            outcome = office.retry(event_id)
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
@click.option("--all", "every", is_flag=True, help="Drop all that the filters leave.")
@filters
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(event_ids: tuple[str, ...], *, every: bool, yes: bool, **filtered: Any) -> None:
    """Forget dead letters for good: their mails are never sent.

    Ends with 1 when one that was named was not there.
    """
    wanted = _chosen(event_ids, every=every, filtered=filtered)
    with _service() as office:
        chosen = office.ids(wanted) if wanted else tuple(dict.fromkeys(event_ids))
        there = [event_id for event_id in chosen if wanted or office.has(event_id)]
        if there and not yes:
            click.confirm(f"Drop {len(there)} dead letter(s) for good?", abort=True)
        dropped = {event_id for event_id in there if office.drop(event_id)}
    missing = [event_id for event_id in chosen if event_id not in dropped]
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
        kept = RedisDeadLetters(client, stream=settings.stream)
        yield DeadLetterService(kept, SealedPayloadOpener(settings.opener()), clock=SystemClock())


def _chosen(event_ids: tuple[str, ...], *, every: bool, filtered: dict[str, Any]) -> DeadLetterFilter | None:
    """Return which are meant by `--all`; None when they are named. A mixture of both is refused."""
    if every == bool(event_ids):
        raise click.UsageError("name the events, or give --all with or without filters")
    if event_ids and any(value is not None for value in filtered.values()):
        raise click.UsageError("filters go with --all")
    return _wanted(**filtered) if every else None


def _wanted(
    *,
    event_type: str | None,
    category: str | None,
    older_than: timedelta | None,
    newer_than: timedelta | None,
) -> DeadLetterFilter:
    return DeadLetterFilter(
        type=event_type and PREFIX + event_type,
        category=category,
        since=_ago(newer_than),
        until=_ago(older_than),
    )


def _ago(age: timedelta | None) -> datetime | None:
    from mailer.adapters.clock import SystemClock

    return None if age is None else SystemClock().now() - age


def _row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        letter.event_id,
        format_datetime(letter.at),
        letter.type.removeprefix(PREFIX),
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


def _opened(shown: DeadLetterDetails) -> dict[str, Any]:
    """Return what the sealed part tells: the masked recipient and the validity, never link or code (SEC-9)."""
    expires_at = None if shown.expires_at is None else format_datetime(shown.expires_at)
    return {"recipient": shown.recipient, "expires_at": expires_at} | (
        {"unreadable": shown.unreadable} if shown.unreadable else {}
    )
