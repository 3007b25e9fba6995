"""A process of the system as the harness wants it: short validities, a clock ahead, one protection switched off.

    python -m tests.faults.launch --lifetime 60 --ahead 45 --without ledger -- mailer run

The switches are the harness's own: the product has none of them.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final


def main() -> None:
    """Change what is asked for, then run the command."""
    options, command = _options()
    if options.lifetime:
        shorten(timedelta(seconds=options.lifetime))
    if options.ahead:
        put_ahead(timedelta(seconds=options.ahead))
    if options.without:
        WITHOUT[options.without]()
    _open(f"{command[0]}.cli").main(args=command[1:], prog_name=command[0])


def shorten(lifetime: timedelta) -> None:
    """Give links, codes and notices this validity, so that a run of minutes sees them expire."""
    links, codes, notices = map(
        _open, ("identity.domain.link", "identity.domain.code", "identity.domain.mail")
    )
    links.Purpose.lifetime = property(lambda _: lifetime)
    codes.LIFETIME = notices.NOTICE_LIFETIME = lifetime


def put_ahead(ahead: timedelta) -> None:
    """Let this process believe that it is later."""
    for name in ("identity.adapters.clock", "mailer.adapters.clock"):
        _open(name).SystemClock.now = lambda _: datetime.now(UTC) + ahead


def _without_outbox() -> None:
    """Commit the change first and its events after it, as a service without an outbox publishes."""

    def commit(work: Any) -> None:
        events, work.outbox._rows = work.outbox._rows, []  # noqa: SLF001 - what is switched off is within
        work._session.commit()  # noqa: SLF001 - likewise
        time.sleep(0.05)
        work.outbox._rows = events  # noqa: SLF001 - likewise
        work.outbox.write()
        work._session.commit()  # noqa: SLF001 - likewise

    _open("identity.adapters.sql.unit_of_work").SqlUnitOfWork.commit = commit


def _without_ledger() -> None:
    """Send whatever comes, whoever has sent it already."""
    granted = _open("mailer.usecases.ports").ClaimGranted
    ledger = _open("mailer.adapters.redis.ledger").RedisLedger
    ledger.claim_all = lambda _, entries: [granted(each.event.id, "x", 0) for each in entries]
    ledger.owns = lambda *_: True


def _without_lease() -> None:
    """Let a claim hold for ever, whatever became of who made it."""
    ledger, expiry = _open("mailer.adapters.redis.ledger"), "tonumber(r[2]) > server_now then"
    assert expiry in ledger.CLAIM, "the ledger has changed: this switch must follow it"
    ledger.CLAIM = ledger.CLAIM.replace(expiry, "true then")


def _without_epoch() -> None:
    """Let a Redis that has lost events pass for one that has all of them."""
    relay = _open("identity.processes.relay")
    publish = relay.publish

    def believing(outbox: Any, stream: Any, now: datetime, *, kept: timedelta) -> int:
        checkpoint, newest = stream.checkpoint(outbox.epoch()), outbox.newest_position()
        if (checkpoint.position or 0) < newest:
            stream.publish([], expected=checkpoint, position=newest)
        return int(publish(outbox, stream, now, kept=kept))

    relay.publish = believing


def _open(module: str) -> Any:
    """Return a module as something that may be changed."""
    return import_module(module)


WITHOUT: Final[dict[str, Callable[[], None]]] = {
    "outbox": _without_outbox,
    "ledger": _without_ledger,
    "lease": _without_lease,
    "epoch": _without_epoch,
}
"""What may be switched off, to see that the harness reports what then happens."""


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="tests.faults.launch", description=__doc__)
    parser.add_argument(
        "--lifetime", type=float, default=0, help="seconds that links, codes and notices hold"
    )
    parser.add_argument("--ahead", type=float, default=0, help="seconds that the clock is ahead")
    parser.add_argument("--without", choices=WITHOUT)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    return options, options.command


if __name__ == "__main__":
    main()
