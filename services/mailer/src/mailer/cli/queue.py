"""`mailer queue`: show, pause and resume the mail queue."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click
from port_runtime.terminal_tables import table

from mailer.cli.formats import EVENT_PREFIX, format_datetime, format_duration
from mailer.cli.setup import connected, mailer_settings

if TYPE_CHECKING:
    from mailer.usecases.queue_stats import PauseState, QueueCounts, QueueStats

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def queue(context: click.Context, *, as_json: bool) -> None:
    """Show the mail queue, or pause and resume it.

    \b
    waiting    published and due, not claimed by a mailer
    in flight  claimed by a mailer: being sent, or in its own queue
    delayed    waits, for example after a refusal, for the mail server, or for its domain's rate limit
    """  # noqa: D301 - \b tells click to keep the lines
    if context.invoked_subcommand:
        return
    from mailer.adapters.clock import SystemClock
    from mailer.adapters.redis.queue_stats import RedisQueueStats

    settings = mailer_settings()
    with connected(settings) as client:
        stats = RedisQueueStats(client, clock=SystemClock()).collect()
    click.echo(json.dumps(_as_json(stats), indent=2) if as_json else _as_text(stats))


@queue.command()
@click.option("--reason", default="", help="The reason, shown by `mailer queue` and in the logs.")
def pause(reason: str) -> None:
    """Pause sending in all mailers within two seconds; sending that has started is finished.

    New mails wait. A mail that expires while it waits is recorded as expired.
    """
    from mailer.adapters.clock import SystemClock
    from mailer.adapters.redis.queue_pause import RedisQueuePause
    from mailer.usecases.queue_stats import PauseState

    printable = _CONTROLS.sub("", reason)
    with connected(mailer_settings()) as client:
        queue_pause = RedisQueuePause(client)
        started = queue_pause.pause(PauseState(SystemClock().now(), printable))
        state = queue_pause.read()
    click.echo(("" if started else "already ") + _pause_text(state))


@queue.command()
def resume() -> None:
    """Resume sending in all mailers within two seconds."""
    from mailer.adapters.redis.queue_pause import RedisQueuePause

    with connected(mailer_settings()) as client:
        resumed = RedisQueuePause(client).resume()
    click.echo("resumed" if resumed else "was not paused")


def _as_text(stats: QueueStats) -> str:
    named = [(name.removeprefix(EVENT_PREFIX), counts) for name, counts in stats.by_type.items()]
    rows = [_row(stats, name, counts) for name, counts in [*named, ("all", stats.all)]]
    parts = [table(("TYPE", "WAITING", "IN FLIGHT", "DELAYED", "OLDEST"), rows, right=[1, 2, 3, 4])]
    parts.append("\n".join(_notes(stats)))
    members = [
        (each.name, str(each.pending), str(each.queued), f"{format_duration(each.idle_seconds)} ago")
        for each in stats.members
    ]
    if members:
        parts.append(table(("MAILER", "CLAIMED", "QUEUED", "LAST SEEN"), members, right=[1, 2, 3]))
    return "\n\n".join(parts)


def _row(stats: QueueStats, name: str, counts: QueueCounts) -> tuple[str, ...]:
    numbers = (str(each) for each in (counts.waiting, counts.in_flight, counts.delayed))
    return (name, *numbers, format_duration(stats.age_seconds(counts)))


def _notes(stats: QueueStats) -> list[str]:
    throttled = [f"over its rate limit: {each.domain}, {each.waiting} waiting" for each in stats.throttled]
    return [_pause_text(stats.pause), f"dead letters: {stats.dead}", *throttled]


def _pause_text(pause: PauseState | None) -> str:
    if pause is None:
        return "not paused"
    return f"paused since {format_datetime(pause.since)}" + (f": {pause.reason}" if pause.reason else "")


def _as_json(stats: QueueStats) -> dict[str, Any]:
    pause = stats.pause
    return {
        **_counts(stats, stats.all),
        "types": [{"type": name, **_counts(stats, counts)} for name, counts in stats.by_type.items()],
        "paused": pause and {"since": format_datetime(pause.since), "reason": pause.reason},
        "dead": stats.dead,
        "over_ceiling": [{"domain": each.domain, "waiting": each.waiting} for each in stats.throttled],
        "mailers": [
            {
                "name": each.name,
                "holds": each.pending,
                "queued": each.queued,
                "silent_seconds": each.idle_seconds,
            }
            for each in stats.members
        ],
    }


def _counts(stats: QueueStats, counts: QueueCounts) -> dict[str, Any]:
    return {
        "waiting": counts.waiting,
        "in_flight": counts.in_flight,
        "delayed": counts.delayed,
        "oldest_seconds": stats.age_seconds(counts),
    }
