"""`mailer queue`: its figures, and the pause of it (MAIL-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from port_runtime.tables import table

from mailer.cli.base import connected, format_datetime, format_duration, mailer_settings

if TYPE_CHECKING:
    from mailer.usecases.queue_stats import PauseState, QueueCounts, QueueStats

PREFIX = "tw.port.identity."


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def queue(context: click.Context, *, as_json: bool) -> None:
    """Show the mail queue, or pause and resume it.

    \b
    waiting    published, and no mailer has it: it goes next, or when the queue is resumed
    in flight  claimed by a mailer: being sent, or next in that mailer's own queue
    delayed    put off: a refusal's wait, the mail server away, or a domain over its ceiling
    """  # noqa: D301 - click's mark for lines to keep
    if context.invoked_subcommand:
        return
    from mailer.adapters.clock import SystemClock
    from mailer.adapters.redis.stats import RedisQueueStats

    settings = mailer_settings()
    with connected(settings) as client:
        figures = RedisQueueStats(client, stream=settings.stream, clock=SystemClock()).collect()
    click.echo(json.dumps(_as_json(figures), ensure_ascii=False, indent=2) if as_json else _as_text(figures))


@queue.command()
@click.option("--reason", default="", help="Why; shown by `mailer queue` and in the logs.")
def pause(reason: str) -> None:
    """Have every mailer send nothing more; what is being sent now is finished.

    Each mailer heeds it within a second or two. Mails go on arriving and wait; one whose validity ends while it
    waits is recorded as expired.
    """
    from mailer.adapters.clock import SystemClock
    from mailer.adapters.redis.pause import RedisQueuePause
    from mailer.usecases.queue_stats import PauseState

    printable = "".join(character for character in reason if character.isprintable())
    with connected(mailer_settings()) as client:
        hold = RedisQueuePause(client)
        begun = hold.pause(PauseState(SystemClock().now(), printable))
        held = hold.read()
    click.echo(("" if begun else "already ") + _held(held))


@queue.command()
def resume() -> None:
    """Have every mailer send again, within a second or two."""
    from mailer.adapters.redis.pause import RedisQueuePause

    with connected(mailer_settings()) as client:
        ended = RedisQueuePause(client).resume()
    click.echo("resumed" if ended else "was not paused")


def _as_text(figures: QueueStats) -> str:
    named = [(name.removeprefix(PREFIX), tally) for name, tally in figures.by_type.items()]
    rows = [_row(figures, name, tally) for name, tally in [*named, ("all", figures.all)]]
    parts = [table(("TYPE", "WAITING", "IN FLIGHT", "DELAYED", "OLDEST"), rows, right=[1, 2, 3, 4])]
    parts.append("\n".join(_notes(figures)))
    members = [
        (each.name, str(each.pending), str(each.queued), f"{format_duration(each.idle_seconds)} ago")
        for each in figures.members
    ]
    if members:
        parts.append(table(("MAILER", "HOLDS", "QUEUED", "HEARD OF"), members, right=[1, 2, 3]))
    return "\n\n".join(parts)


def _row(figures: QueueStats, name: str, tally: QueueCounts) -> tuple[str, ...]:
    counts = (str(each) for each in (tally.waiting, tally.in_flight, tally.delayed))
    return (name, *counts, format_duration(figures.age_seconds(tally)))


def _notes(figures: QueueStats) -> list[str]:
    over = [
        f"over its ceiling: {each.domain}, {each.waiting} with a turn to come" for each in figures.throttled
    ]
    return [_held(figures.pause), f"dead letters: {figures.dead}", *over]


def _held(held: PauseState | None) -> str:
    if held is None:
        return "not paused"
    return f"paused since {format_datetime(held.since)}" + (f": {held.reason}" if held.reason else "")


def _as_json(figures: QueueStats) -> dict[str, Any]:
    held = figures.pause
    return {
        **_counts(figures, figures.all),
        "types": [{"type": name, **_counts(figures, tally)} for name, tally in figures.by_type.items()],
        "paused": held and {"since": format_datetime(held.since), "reason": held.reason},
        "dead": figures.dead,
        "over_ceiling": [{"domain": each.domain, "waiting": each.waiting} for each in figures.throttled],
        "mailers": [
            {
                "name": each.name,
                "holds": each.pending,
                "queued": each.queued,
                "silent_seconds": each.idle_seconds,
            }
            for each in figures.members
        ],
    }


def _counts(figures: QueueStats, tally: QueueCounts) -> dict[str, Any]:
    return {
        "waiting": tally.waiting,
        "in_flight": tally.in_flight,
        "delayed": tally.delayed,
        "oldest_seconds": figures.age_seconds(tally),
    }
